import Glibc
package import NIOCore

/// What a listener allows its clients.
package struct HTTPServerConfiguration: Sendable {
    /// Bounds on the parts of a request; `limits.bodyBytes` is the largest body.
    package var limits = HTTPLimits()
    /// From a request's first byte to the end of its head; then 408.
    package var headerTimeout = TimeAmount.seconds(10)
    /// How long a client may take over each `bodyProgressBytes` of a body; then 408.
    package var bodyTimeout = TimeAmount.seconds(30)
    /// A body that comes in drops gets no more time by each of them.
    package var bodyProgressBytes = 8 << 10
    /// How long a connection may wait for its next request, or its first.
    package var idleTimeout = TimeAmount.seconds(75)
    /// How long a client may take nothing of what waits for it.
    package var writeTimeout = TimeAmount.seconds(60)
    /// How long input is still taken after a refusal, so that the client gets to read it.
    package var lingerTimeout = TimeAmount.seconds(2)
    /// Time limits are checked this often, and are late by no more than that.
    package var tick = TimeAmount.milliseconds(250)
    /// Connections at one time; one more is answered 503 and closed.
    package var maxConnections = 10_000
    /// Bytes of all incomplete request bodies together; one more body is answered 503.
    package var maxBodyBytesTogether = 1 << 30
    /// Bytes of later requests that are taken while one is being answered.
    package var maxPipelinedBytes = 64 << 10
    /// Bytes that wait in a channel before its stream is not writable.
    package var maxWriteBufferBytes = 64 << 10
    /// The accept queue.
    package var backlog: Int32 = 1024
    /// Whether another process of this user may listen on the same port, if it says so too.
    ///
    /// So a new process takes over while this one drains. Nothing for a Unix domain socket.
    package var reusesPort = false
    /// The Server field of every answer, if there is to be one.
    package var serverName: String?
    /// Seconds since 1970, for the Date field.
    package var unixTime: @Sendable () -> Int = { time(nil) }
    /// Renders the body of an answer that the server gives by itself: status and sentence.
    package var errorBody: @Sendable (Int, String) -> HTTPErrorBody = { _, sentence in
        HTTPErrorBody(contentType: "text/plain; charset=utf-8", bytes: ByteBuffer(string: sentence))
    }

    /// Creates the default configuration.
    package init() {}
}

/// The body of a refusal, in whatever shape the server's clients read.
package struct HTTPErrorBody: Sendable {
    package var contentType: String
    package var bytes: ByteBuffer

    /// Creates a body of that type.
    package init(contentType: String, bytes: ByteBuffer) {
        self.contentType = contentType
        self.bytes = bytes
    }
}
