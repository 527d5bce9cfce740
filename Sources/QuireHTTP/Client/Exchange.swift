package import NIOCore

/// Takes one response as it comes; every call is on the connection's event loop.
///
/// After `receiveEnd` or `receiveFailure`, one of which always comes, there are no more calls.
package protocol ResponseReceiver: AnyObject {
    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline)
    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline)
    /// All that has come so far was given out: the time to pass it on in one write.
    func receivePause()
    func receiveEnd(at time: NIODeadline)
    func receiveFailure(_ error: ClientError, at time: NIODeadline)
}

extension ResponseReceiver {
    /// Most receivers pass nothing on.
    package func receivePause() {}
}

/// One request under way and where its response goes.
///
/// Confined to the event loop of its connections, and so not Sendable.
package final class Exchange {
    /// The head, and a body that is small: they go out in one packet.
    let head: ByteBuffer
    /// A larger body, kept apart so that it is not copied.
    let body: ByteBuffer
    /// Whether the response has no body whatever its head says.
    let isHead: Bool
    /// Dropped at the end, so that a receiver that holds its exchange is freed.
    private(set) var receiver: (any ResponseReceiver)?
    var connection: ClientConnection?
    /// Whether it was sent again because a kept connection turned out to be closed.
    var isSecondTry = false
    private var isPaused = false

    private static let maxJoinedBytes = 16 << 10

    // Consuming: with one owner the body is written behind the head without a copy of that.
    init(
        head: consuming ByteBuffer,
        body: ByteBuffer,
        isHead: Bool,
        receiver: any ResponseReceiver
    ) {
        if body.readableBytes <= Self.maxJoinedBytes {
            head.writeImmutableBuffer(body)
            self.body = ByteBuffer()
        } else {
            self.body = body
        }
        self.head = head
        self.isHead = isHead
        self.receiver = receiver
    }

    /// Whether a connection carries it; false while one is being made.
    package var isConnected: Bool { connection != nil }

    /// Whether more of the response is wanted: back-pressure, for who passes it on to a slow reader.
    ///
    /// What was read already is still given out.
    package var isReading: Bool {
        get { !isPaused }
        set {
            guard newValue == isPaused else { return }
            isPaused = !newValue
            connection?.setReading(newValue)
        }
    }

    /// Gives up: the connection is closed and the receiver told; nothing if all is over.
    package func cancel(_ error: ClientError = .cancelled) {
        let connection = connection
        fail(error)
        connection?.close()
    }

    /// Gives up without a word to the receiver.
    package func abandon() {
        receiver = nil
        let connection = connection
        self.connection = nil
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
