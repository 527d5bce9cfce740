package import NIOCore

/// A strict, incremental parser of HTTP/1.1 requests.
///
/// A value without I/O or clock: append what was received, then ask for events until it needs
/// more. The events of a byte stream do not depend on how it was cut. After an error it reports
/// that error for ever. Cost: one pass over the head and one allocation for the field table;
/// bodies are slices.
package struct HTTPRequestParser {
    /// What was found next in the bytes.
    package enum Event: Sendable {
        case needMore
        case head(HTTPRequestHead)
        case body(ByteBuffer)
        case end
    }

    private enum Phase {
        case start, fields, body
        case failed(HTTPParseError)
    }

    private struct StartLine {
        var method: HTTPRange
        var target: HTTPRange
        var path = HTTPRange.empty
        var query: HTTPRange?
        var authority: HTTPRange?
        var minorVersion = 1
    }

    private var reader: MessageReader
    private var phase = Phase.start
    private var emptyLineCount = 0
    private var startLine = StartLine(method: .empty, target: .empty)

    /// Creates a parser at the start of a connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        reader = MessageReader(limits: limits)
    }

    /// Takes received bytes.
    package mutating func append(_ buffer: ByteBuffer) { reader.append(buffer) }

    /// Bytes received and not yet given out as events.
    package var bufferedBytes: Int { reader.readableBytes }

    /// Whether no byte of a request has come since the last one ended.
    package var isBetweenRequests: Bool {
        if case .start = phase { return reader.isEmpty && emptyLineCount == 0 }
        return false
    }

    /// Forgets what was received; for a connection that will read no further request.
    package mutating func discard() { reader.discard() }

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

    private mutating func nextUnlessFailed() throws(HTTPParseError) -> Event {
        switch phase {
        case .failed(let error):
            throw error
        case .start:
            guard try readStart() else { return .needMore }
            phase = .fields
            fallthrough
        case .fields:
            guard try reader.readFields() else { return .needMore }
            let head = try takeHead()
            phase = .body
            return .head(head)
        case .body:
            switch try reader.readBody() {
            case .needMore: return .needMore
            case .bytes(let bytes): return .body(bytes)
            case .end:
                phase = .start
                emptyLineCount = 0
                return .end
            }
        }
    }

    private mutating func readStart() throws(HTTPParseError) -> Bool {
        // Old clients send an empty line after a body; two are let pass, no more.
        guard var first = reader.firstByte() else { return false }
        while first == ByteClass.carriageReturn, emptyLineCount < 2 {
            guard try reader.skipEmptyLine() else { return false }
            emptyLineCount += 1
            guard let next = reader.firstByte() else { return false }
            first = next
        }
        // A peer that speaks TLS or noise is refused at its first byte, not after a time limit.
        guard ByteClass.isToken(first) else { throw .malformedStartLine }
        guard let line = try reader.readStartLine() else { return false }
        startLine = try Self.parse(reader.input.readableBytesUInt8Span, line)
        return true
    }

    private mutating func takeHead() throws(HTTPParseError) -> HTTPRequestHead {
        let facts = reader.facts
        let minorVersion = startLine.minorVersion
        if minorVersion == 1, !facts.hasHost { throw .missingHost }
        let framing = try facts.framing(minorVersion: minorVersion) ?? .none
        if facts.hasUnknownExpectation { throw .unknownExpectation }
        if case .length(let count) = framing, count > reader.limits.bodyBytes {
            throw .bodyTooLarge
        }
        let fields = reader.takeHead()
        let method = HTTPMethod(
            fields.bytes.readableBytesUInt8Span.extracting(startLine.method.range)
        )
        reader.beginBody(framing)
        return HTTPRequestHead(
            method: method,
            minorVersion: minorVersion,
            fields: fields,
            framing: framing,
            expectsContinue: facts.expectsContinue && minorVersion == 1,
            keepsAlive: facts.keepsAlive(minorVersion: minorVersion),
            methodRange: startLine.method,
            targetRange: startLine.target,
            pathRange: startLine.path,
            queryRange: startLine.query,
            authorityRange: startLine.authority ?? facts.host
        )
    }

    // MARK: - Request line

    private static func parse(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>
    ) throws(HTTPParseError) -> StartLine {
        var index = line.lowerBound
        let end = line.upperBound
        while index < end, ByteClass.isToken(bytes[index]) { index += 1 }
        guard index < end else { throw .malformedStartLine }
        guard index > line.lowerBound, bytes[index] == ByteClass.space else {
            throw .invalidMethod
        }
        let method = line.lowerBound..<index
        let targetStart = index + 1
        index = targetStart
        while index < end, ByteClass.isTarget(bytes[index]) { index += 1 }
        guard index < end else { throw .malformedStartLine }
        guard index > targetStart, bytes[index] == ByteClass.space else { throw .invalidTarget }
        var result = StartLine(method: HTTPRange(method), target: HTTPRange(targetStart..<index))
        result.minorVersion = try minorVersion(bytes, index + 1..<end)
        try parseTarget(bytes, targetStart..<index, into: &result)
        return result
    }

    static func minorVersion(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(HTTPParseError) -> Int {
        let start = range.lowerBound
        guard range.count == 8, isHTTP(bytes.extracting(start..<start + 5)) else {
            throw .malformedVersion
        }
        let major = bytes[start + 5]
        let minor = bytes[start + 7]
        guard ByteClass.isDigit(major), bytes[start + 6] == UInt8(ascii: "."),
            ByteClass.isDigit(minor)
        else { throw .malformedVersion }
        guard major == UInt8(ascii: "1"), minor <= UInt8(ascii: "1") else {
            throw .versionNotSupported
        }
        return Int(minor - UInt8(ascii: "0"))
    }

    private static func isHTTP(_ bytes: Span<UInt8>) -> Bool {
        bytes[0] == UInt8(ascii: "H") && bytes[1] == UInt8(ascii: "T")
            && bytes[2] == UInt8(ascii: "T") && bytes[3] == UInt8(ascii: "P")
            && bytes[4] == UInt8(ascii: "/")
    }

    private static func parseTarget(
        _ bytes: Span<UInt8>,
        _ target: Range<Int>,
        into line: inout StartLine
    ) throws(HTTPParseError) {
        let method = bytes.extracting(line.method.range)
        if method.equalsIgnoringCase("connect") { throw .connectNotSupported }
        let start = target.lowerBound
        if bytes[start] == UInt8(ascii: "/") {
            parsePath(bytes, target, into: &line)
        } else if bytes[start] == UInt8(ascii: "*"), target.count == 1 {
            guard HTTPMethod(method) == .options else { throw .invalidTarget }
            line.path = line.target
        } else {
            try parseAbsolute(bytes, target, into: &line)
        }
    }

    private static func parsePath(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        into line: inout StartLine
    ) {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] != UInt8(ascii: "?") { index += 1 }
        line.path = HTTPRange(range.lowerBound..<index)
        if index < range.upperBound { line.query = HTTPRange(index + 1..<range.upperBound) }
    }

    private static func parseAbsolute(
        _ bytes: Span<UInt8>,
        _ target: Range<Int>,
        into line: inout StartLine
    ) throws(HTTPParseError) {
        let text = bytes.extracting(target)
        let schemeCount: Int
        if text.count > 7, text.extracting(0..<7).equalsIgnoringCase("http://") {
            schemeCount = 7
        } else if text.count > 8, text.extracting(0..<8).equalsIgnoringCase("https://") {
            schemeCount = 8
        } else {
            throw .invalidTarget
        }
        let hostStart = target.lowerBound + schemeCount
        var index = hostStart
        while index < target.upperBound, bytes[index] != UInt8(ascii: "/"),
            bytes[index] != UInt8(ascii: "?")
        {
            index += 1
        }
        guard index > hostStart, HTTPAuthority.isValid(bytes.extracting(hostStart..<index)) else {
            throw .invalidHost
        }
        line.authority = HTTPRange(hostStart..<index)
        parsePath(bytes, index..<target.upperBound, into: &line)
        // A target without a path means "/": the second slash of "://" stands for it.
        if line.path.count == 0 { line.path = HTTPRange(hostStart - 1..<hostStart) }
    }
}
