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
    /// Answers a request, now or later, on the stream's event loop.
    ///
    /// Called on that loop when the whole body is there. The responder must end the stream in the
    /// end (`respond`, `end` or `abort`), unless `onDisconnect` tells it that nobody waits.
    func respond(to request: HTTPRequest, on stream: HTTPStream)
}
