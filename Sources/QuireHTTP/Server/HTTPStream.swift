package import NIOCore

/// The response to one request, as the responder writes it.
///
/// Confined to the connection's event loop, and so not Sendable: carry it across in a
/// `NIOLoopBound`. Once the response has ended or the client has left, every call does nothing.
/// What is written goes out at the next `flush`, or at the end.
package final class HTTPStream {
    enum State {
        case idle
        case chunked
        case length(Int)
        case untilClose
        case ended
    }

    /// The connection while the response is under way.
    var connection: HTTPConnection?
    var state = State.idle
    var keepsAlive: Bool
    private let isHead: Bool
    private let minorVersion: Int
    /// Whether the status or the method leave no room for a body.
    private var dropsBody = false

    /// Called once, on the loop, when the client leaves before the response has ended.
    package var onDisconnect: (() -> Void)?
    /// Called on the loop when a stream that was not writable is so again.
    package var onWritable: (() -> Void)?
    /// The loop that every call must be made on.
    package let eventLoop: any EventLoop

    init(connection: HTTPConnection, isHead: Bool, minorVersion: Int, keepsAlive: Bool) {
        self.connection = connection
        self.isHead = isHead
        self.minorVersion = minorVersion
        self.keepsAlive = keepsAlive
        eventLoop = connection.loop.eventLoop
    }

    /// Whether there is nobody to write to any more.
    package var isClosed: Bool { connection == nil }

    /// Whether the server is about to go, which a readiness check must say.
    package var isDraining: Bool { connection.map { $0.loop.phase != .serving } ?? false }

    /// Whether the head is written, so that the status can no longer change.
    package var hasBegun: Bool {
        if case .idle = state { return false }
        return true
    }

    /// Whether the client keeps up: less than the configured bound waits for it.
    package var isWritable: Bool {
        guard let connection else { return false }
        return !connection.isFull
    }

    /// Bytes written that the socket has not taken, for bounding a slow reader.
    ///
    /// Up to 64 KB that wait in a channel which still is writable are not counted.
    package var pendingBytes: Int { connection?.pendingBytes ?? 0 }

    // MARK: - Writing

    /// Sends a whole response: one buffer, one write.
    package func respond(
        status: Int,
        headers: [(String, String)] = [],
        body: ByteBuffer = ByteBuffer()
    ) {
        guard let connection, case .idle = state else { return }
        writeHead(status: status, headers: headers, contentLength: body.readableBytes)
        if !dropsBody {
            append(body, to: connection)
            state = .length(0)
        }
        end()
    }

    /// Writes the head; without a length the body goes in chunks, or until the connection's end.
    ///
    /// Date, Connection, Content-Length and Transfer-Encoding are written here, not by the caller.
    package func writeHead(
        status: Int,
        headers: [(String, String)] = [],
        contentLength: Int? = nil
    ) {
        writeHead(status: status, contentLength: contentLength) { output in
            for (name, value) in headers { output.writeField(name, value) }
        }
    }

    /// The same with fields that the closure writes, as lines, and without calling the stream.
    package func writeHead(
        status: Int,
        contentLength: Int?,
        renderFields: (inout ByteBuffer) -> Void
    ) {
        guard let connection, case .idle = state else { return }
        let isBodiless = HTTPStatus.isBodiless(status)
        dropsBody = isHead || isBodiless
        if let contentLength {
            state = .length(contentLength)
        } else if minorVersion == 1 || dropsBody {
            state = .chunked
        } else {
            state = .untilClose
            keepsAlive = false
        }
        if connection.loop.phase != .serving { keepsAlive = false }
        var framing = ResponseHeadEnd.Framing.unsaid
        if !isBodiless {
            if let contentLength {
                framing = .length(contentLength)
            } else if minorVersion == 1 {
                framing = .chunked
            }
        }
        let closes: Bool? = !keepsAlive ? true : minorVersion == 0 ? false : nil
        // Moved out and back, as in `writeChunk`.
        var output = connection.output
        connection.output = ByteBuffer()
        output.writeStatusLine(status)
        renderFields(&output)
        ResponseHeadEnd(framing: framing, closes: closes)
            .write(into: &output, dateLines: connection.loop.dateLines())
        connection.output = output
    }

    /// Lets `render` write a piece of the body straight into the connection's buffer.
    ///
    /// The chunk's frame goes around it. `render` must only append, and not call the stream.
    package func writeChunk(_ render: (inout ByteBuffer) -> Void) {
        guard let connection, !dropsBody else { return }
        // Moved out and back, because a closure that holds a class's property costs a check.
        var output = connection.output
        connection.output = ByteBuffer()
        switch state {
        case .chunked:
            output.writeChunkFrame(render)
        case .untilClose:
            render(&output)
        case .length(let remaining):
            let start = output.writerIndex
            render(&output)
            let count = output.writerIndex - start
            if count > remaining { output.moveWriterIndex(to: start + remaining) }
            state = .length(max(0, remaining - count))
        case .idle, .ended:
            break
        }
        connection.output = output
    }

    /// Writes a piece of the body; a large one is passed on without a copy.
    package func write(_ bytes: ByteBuffer) {
        guard let connection, !dropsBody, bytes.readableBytes > 0 else { return }
        switch state {
        case .chunked:
            writeChunk(bytes, to: connection)
        case .untilClose:
            append(bytes, to: connection)
        case .length(let remaining):
            var rest = bytes
            guard let part = rest.readSlice(length: min(remaining, bytes.readableBytes)) else {
                return
            }
            append(part, to: connection)
            state = .length(remaining - part.readableBytes)
        case .idle, .ended:
            break
        }
    }

    /// Sends what was written since the last flush.
    package func flush() {
        connection?.flushOutput()
    }

    /// Ends the response and sends it.
    ///
    /// A body shorter than its announced length cannot be ended: the connection is closed.
    package func end() {
        guard let connection else { return }
        switch state {
        case .idle, .ended:
            return
        case .chunked:
            if !dropsBody { connection.output.writeLastChunk() }
        case .length(let remaining):
            if remaining > 0, !dropsBody { return abort() }
        case .untilClose:
            break
        }
        detach()
        connection.finished(self)
    }

    /// Closes the connection at once; the client sees a response that was cut.
    package func abort() {
        guard let connection else { return }
        detach()
        connection.abort()
    }

    // MARK: - Events of the connection

    /// The client is gone.
    func clientLeft() {
        let callback = onDisconnect
        detach()
        callback?()
    }

    func becameWritable() {
        onWritable?()
    }

    /// Lets go of everything, so that no cycle keeps the connection or the responder's state.
    private func detach() {
        state = .ended
        connection = nil
        onDisconnect = nil
        onWritable = nil
    }

    private func writeChunk(_ bytes: ByteBuffer, to connection: HTTPConnection) {
        if passesThrough(bytes, connection) {
            connection.output.writeChunkSize(bytes.readableBytes)
            connection.writeThrough(bytes)
            connection.output.writeStaticString("\r\n")
        } else {
            connection.output.writeChunk(bytes.readableBytesUInt8Span)
        }
    }

    /// Whether a piece is so large that handing it on beats copying it.
    private func passesThrough(_ bytes: ByteBuffer, _ connection: HTTPConnection) -> Bool {
        bytes.readableBytes >= 32 << 10 && connection.isWritable
    }

    private func append(_ bytes: ByteBuffer, to connection: HTTPConnection) {
        if passesThrough(bytes, connection) {
            connection.writeThrough(bytes)
        } else {
            connection.output.writeImmutableBuffer(bytes)
        }
    }
}
