package import NIOCore
package import QuireHTTP

/// Takes one response as it comes; every call is on the connection's event loop.
///
/// After `receiveEnd` or `receiveFailure`, one of which always comes, there are no more calls.
package protocol ResponseReceiver: AnyObject {
    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline)
    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline)
    func receiveEnd(at time: NIODeadline)
    func receiveFailure(_ error: ClientError, at time: NIODeadline)
}

/// One request under way and where its response goes.
///
/// Confined to the event loop of its connections, and so not Sendable.
package final class Exchange {
    let request: ByteBuffer
    /// Dropped at the end, so that a receiver that holds its exchange is freed.
    private(set) var receiver: (any ResponseReceiver)?
    var connection: ClientConnection?
    /// Whether it was sent again because a kept connection turned out to be closed.
    var isSecondTry = false

    init(request: ByteBuffer, receiver: any ResponseReceiver) {
        self.request = request
        self.receiver = receiver
    }

    /// Gives up: the connection is closed and the receiver told; nothing if all is over.
    package func cancel(_ error: ClientError = .cancelled) {
        let connection = connection
        fail(error)
        connection?.close()
    }

    func end() {
        connection = nil
        let last = receiver
        receiver = nil
        last?.receiveEnd(at: .now())
    }

    func fail(_ error: ClientError) {
        connection = nil
        let last = receiver
        receiver = nil
        last?.receiveFailure(error, at: .now())
    }
}
