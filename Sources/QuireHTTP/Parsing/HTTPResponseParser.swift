package import NIOCore

/// A strict, incremental parser of HTTP/1.1 responses, for the side that sends requests.
///
/// A value without I/O or clock, the twin of `HTTPRequestParser`. Before each response it must be
/// told whether the request was a HEAD; when the peer closes it must be told so.
package struct HTTPResponseParser {
    /// What was found next in the bytes.
    package enum Event: Sendable {
        case needMore
        /// A head; an informational one is followed by another head and has no end.
        case head(HTTPResponseHead)
        case body(ByteBuffer)
        case end
    }

    private enum Phase {
        case start, fields, body
        case failed(HTTPParseError)
    }

    private var reader: MessageReader
    private var phase = Phase.start
    private var status = 0
    private var minorVersion = 1
    private var reason = HTTPRange.empty
    /// Whether the response that comes next answers a HEAD, and so has no body.
    package var answersHead = false

    /// Creates a parser at the start of a connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        reader = MessageReader(limits: limits)
    }

    /// Takes received bytes.
    package mutating func append(_ buffer: ByteBuffer) { reader.append(buffer) }

    /// Bytes received and not yet given out as events.
    package var bufferedBytes: Int { reader.readableBytes }

    /// Whether no byte of a response has come since the last one ended.
    package var isBetweenResponses: Bool {
        if case .start = phase { return reader.isEmpty }
        return false
    }

    /// The next event, as far as the bytes go.
    package mutating func next() throws(HTTPParseError) -> Event {
        do throws(HTTPParseError) {
            return try nextUnlessFailed()
        } catch {
            phase = .failed(error)
            reader.discard()
            throw error
        }
    }

    /// The peer has closed and every event before was taken: whether a body ends by that.
    ///
    /// Throws if the connection was closed inside a response.
    package mutating func endOfInput() throws(HTTPParseError) -> Event {
        switch phase {
        case .failed(let error): throw error
        case .body where reader.endBodyAtClose():
            phase = .start
            return .end
        case .start where reader.isEmpty:
            return .needMore
        default:
            phase = .failed(.truncated)
            throw .truncated
        }
    }

    private mutating func nextUnlessFailed() throws(HTTPParseError) -> Event {
        switch phase {
        case .failed(let error):
            throw error
        case .start:
            guard let line = try reader.readStartLine() else { return .needMore }
            let input = reader.input
            try parseStatusLine(input.readableBytesUInt8Span, line)
            phase = .fields
            fallthrough
        case .fields:
            guard try reader.readFields() else { return .needMore }
            return .head(try takeHead())
        case .body:
            switch try reader.readBody() {
            case .needMore: return .needMore
            case .bytes(let bytes): return .body(bytes)
            case .end:
                phase = .start
                return .end
            }
        }
    }

    private mutating func takeHead() throws(HTTPParseError) -> HTTPResponseHead {
        let facts = reader.facts
        var framing = try facts.framing(minorVersion: minorVersion) ?? .untilClose
        if answersHead || status < 200 || status == 204 || status == 304 { framing = .none }
        if case .length(let count) = framing, count > reader.limits.bodyBytes {
            throw .bodyTooLarge
        }
        let head = HTTPResponseHead(
            status: status,
            minorVersion: minorVersion,
            fields: reader.takeHead(),
            framing: framing,
            keepsAlive: framing != .untilClose && status != 101
                && facts.keepsAlive(minorVersion: minorVersion),
            reasonRange: reason
        )
        reader.beginBody(framing)
        phase = head.isInformational ? .start : .body
        return head
    }

    private mutating func parseStatusLine(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>
    ) throws(HTTPParseError) {
        let start = line.lowerBound
        guard line.count >= 12, bytes[start + 8] == ByteClass.space else {
            throw .malformedStartLine
        }
        minorVersion = try HTTPRequestParser.minorVersion(bytes, start..<start + 8)
        var code = 0
        for index in start + 9..<start + 12 {
            guard ByteClass.isDigit(bytes[index]) else { throw .invalidStatus }
            code = code * 10 + Int(bytes[index] - 0x30)
        }
        guard code >= 100, code < 600 else { throw .invalidStatus }
        status = code
        // Some servers leave out the space when there is no reason.
        guard line.count > 12 else {
            reason = .empty
            return
        }
        guard bytes[start + 12] == ByteClass.space else { throw .malformedStartLine }
        for index in start + 13..<line.upperBound where !ByteClass.isValue(bytes[index]) {
            throw .malformedStartLine
        }
        reason = HTTPRange(start + 13..<line.upperBound)
    }
}
