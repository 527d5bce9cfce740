package import NIOCore

/// A whole request: its head and its collected body.
///
/// A value, free to cross threads.
package struct HTTPRequest: Sendable {
    package let head: HTTPRequestHead
    package let body: ByteBuffer
    /// What stood in place of a route's trailing parameter, percent-decoded.
    package internal(set) var pathParameter: String?

    /// The method, for switches; `head.methodName` has the text of another.
    package var method: HTTPMethod { head.method }

    /// Creates a request.
    package init(head: HTTPRequestHead, body: ByteBuffer) {
        self.head = head
        self.body = body
    }
}

/// Answers requests.
package protocol HTTPResponder: Sendable {
    /// Looks at a head before its body is asked for and read; an answer, if it is not let in.
    ///
    /// Called once per request, on the connection's loop. A client that is turned away while it
    /// has a body to send is answered and its connection closed; else the connection goes on.
    func admit(_ head: HTTPRequestHead) -> HTTPRefusal?

    /// Answers a request, now or later, on the stream's event loop.
    ///
    /// Called on that loop when the whole body is there, for what `admit` has let in. The responder must end the stream in the
    /// end (`respond`, `end` or `abort`), unless `onDisconnect` tells it that nobody waits.
    func respond(to request: HTTPRequest, on stream: HTTPStream)
}

extension HTTPResponder {
    /// Lets everybody in.
    package func admit(_ head: HTTPRequestHead) -> HTTPRefusal? { nil }
}
