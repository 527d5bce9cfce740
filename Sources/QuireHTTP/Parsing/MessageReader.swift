import Glibc
import NIOCore

/// What requests and responses have in common on the wire: lines, field lines and bodies.
///
/// A pure state machine over received bytes. It reads a line only when the whole line is there, so
/// what it reports does not depend on how the bytes were cut, and it remembers how far it has
/// looked, so that a peer who sends single bytes costs no more than the line.
struct MessageReader {
    /// What was received and not yet taken; its first byte is the first of the current part.
    private(set) var input = ByteBuffer()
    /// The current line's first byte, counted from the reader index.
    private var lineStart = 0
    /// Up to here there is no line feed after `lineStart`.
    private var searched = 0
    /// Where the field lines begin; the bound on their bytes counts from here.
    private var fieldsStart = 0
    private(set) var entries: [HTTPFields.Entry] = []
    private(set) var facts = FieldFacts()
    private var body = BodyReader()
    let limits: HTTPLimits

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Whether nothing was received that has not been taken.
    var isEmpty: Bool { input.readableBytes == 0 }

    var readableBytes: Int { input.readableBytes }

    /// Takes received bytes; they are not copied unless others still wait.
    mutating func append(_ buffer: ByteBuffer) {
        if input.readableBytes == 0 {
            input = buffer
        } else {
            // Else a peer who never lets the input run empty would make its storage grow for ever.
            // Not more than was read is moved, so that a byte costs no more than one move.
            if input.readerIndex >= input.readableBytes { input.discardReadBytes() }
            input.writeImmutableBuffer(buffer)
        }
    }

    /// Forgets what was received; the connection goes no further.
    mutating func discard() {
        input = ByteBuffer()
    }

    // MARK: - Head

    func firstByte() -> UInt8? {
        let bytes = input.readableBytesUInt8Span
        return bytes.isEmpty ? nil : bytes[0]
    }

    /// Passes over an empty line, whose CR is there; false if its line feed is not there yet.
    mutating func skipEmptyLine() throws(HTTPParseError) -> Bool {
        guard let second = input.getInteger(at: input.readerIndex + 1, as: UInt8.self) else {
            return false
        }
        guard second == ByteClass.lineFeed else { throw .malformedStartLine }
        input.moveReaderIndex(forwardBy: 2)
        return true
    }

    /// The start line without its line end, or nil if it is not all there yet.
    mutating func readStartLine() throws(HTTPParseError) -> Range<Int>? {
        let input = input
        let line = try readLine(
            input.readableBytesUInt8Span,
            endLimit: limits.startLineBytes,
            tooLong: .startLineTooLong
        )
        if line != nil { beginFields() }
        return line
    }

    /// Reads field lines up to the empty one; whether it was met.
    mutating func readFields() throws(HTTPParseError) -> Bool {
        // A second reference, because a span of `self.input` would lock all of `self`.
        let input = input
        let bytes = input.readableBytesUInt8Span
        let endLimit = fieldsStart + limits.headerBytes
        while let line = try readLine(bytes, endLimit: endLimit, tooLong: .headerTooLarge) {
            if line.isEmpty { return true }
            if entries.count == limits.fieldCount { throw .tooManyFields }
            let entry = try Self.parseField(bytes, line)
            try facts.note(entry, in: bytes)
            entries.append(entry)
        }
        return false
    }

    /// Takes the finished head out of the input and is ready for a body.
    mutating func takeHead() -> HTTPFields {
        let bytes = input.readSlice(length: lineStart) ?? ByteBuffer()
        let fields = HTTPFields(bytes: bytes, entries: entries)
        entries = []
        facts = FieldFacts()
        resetLine()
        return fields
    }

    private mutating func beginFields() {
        fieldsStart = lineStart
        // One allocation for the table of a usual head.
        entries.reserveCapacity(16)
    }

    private mutating func resetLine() {
        lineStart = 0
        searched = 0
        fieldsStart = 0
    }

    /// The next line without CR LF, as offsets from the reader index.
    private mutating func readLine(
        _ bytes: Span<UInt8>,
        endLimit: Int,
        tooLong: HTTPParseError
    ) throws(HTTPParseError) -> Range<Int>? {
        guard let lineFeed = Self.firstLineFeed(bytes, from: searched) else {
            searched = bytes.count
            if bytes.count > endLimit { throw tooLong }
            return nil
        }
        let start = lineStart
        let end = lineFeed + 1
        if end > endLimit { throw tooLong }
        guard lineFeed > start, bytes[lineFeed - 1] == ByteClass.carriageReturn else {
            throw .bareLineFeed
        }
        lineStart = end
        searched = end
        return start..<lineFeed - 1
    }

    private static func firstLineFeed(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress else { return nil }
            let found = unsafe memchr(base + start, Int32(ByteClass.lineFeed), buffer.count - start)
            return unsafe found.map { unsafe UnsafeRawPointer($0) - UnsafeRawPointer(base) }
        }
    }

    /// Splits a field line into name and value.
    static func parseField(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>
    ) throws(HTTPParseError) -> HTTPFields.Entry {
        let end = line.upperBound
        let nameEnd = ByteClass.firstNonToken(bytes, line)
        guard nameEnd < end, bytes[nameEnd] == ByteClass.colon, nameEnd > line.lowerBound else {
            throw nameError(bytes, line, at: nameEnd)
        }
        let value = trimmed(bytes, nameEnd + 1..<end)
        guard ByteClass.firstNonValue(bytes, value) == value.upperBound else {
            throw .invalidFieldValue
        }
        return HTTPFields.Entry(
            name: HTTPRange(line.lowerBound..<nameEnd),
            value: HTTPRange(value)
        )
    }

    private static func nameError(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        at stop: Int
    ) -> HTTPParseError {
        guard stop < line.upperBound else { return .invalidFieldName }
        let isSpace = bytes[stop] == ByteClass.space || bytes[stop] == ByteClass.tab
        if isSpace, stop == line.lowerBound { return .foldedField }
        if isSpace,
            trimmed(bytes, stop..<line.upperBound).first.map({ bytes[$0] }) == ByteClass.colon
        {
            return .spaceBeforeColon
        }
        return .invalidFieldName
    }

    /// The range without spaces and tabs at its ends.
    static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start] == ByteClass.space || bytes[start] == ByteClass.tab {
            start += 1
        }
        while end > start, bytes[end - 1] == ByteClass.space || bytes[end - 1] == ByteClass.tab {
            end -= 1
        }
        return start..<end
    }

    // MARK: - Body

    /// Begins a body that ends as `framing` says.
    mutating func beginBody(_ framing: HTTPBodyFraming) {
        body = BodyReader(framing)
    }

    /// The next part of the body.
    mutating func readBody() throws(HTTPParseError) -> HTTPBodyEvent {
        while true {
            switch body.state {
            case .ended:
                return .end
            case .data:
                if isEmpty { return .needMore }
                let count = min(body.remaining, input.readableBytes)
                body.took(count)
                return .bytes(takeInput(count))
            case .untilClose:
                if isEmpty { return .needMore }
                // Up to the bound, however the bytes were cut; then one more is an error.
                let room = min(input.readableBytes, max(1, limits.bodyBytes - body.bodyBytes))
                try body.count(room, limit: limits.bodyBytes)
                return .bytes(takeInput(room))
            case .trailers:
                guard try readFields() else { return .needMore }
                // Trailers are checked and dropped: nothing that Quire speaks uses them.
                entries = []
                facts = FieldFacts()
                input.moveReaderIndex(forwardBy: lineStart)
                resetLine()
                body.state = .ended
            default:
                if isEmpty { return .needMore }
                let used = try readChunkFrame()
                input.moveReaderIndex(forwardBy: used)
            }
        }
    }

    private mutating func readChunkFrame() throws(HTTPParseError) -> Int {
        let input = input
        return try body.readChunkFrame(input.readableBytesUInt8Span, limits)
    }

    /// The peer has closed: whether that is a proper end of the body.
    mutating func endBodyAtClose() -> Bool {
        guard body.state == .untilClose else { return false }
        body.state = .ended
        return true
    }

    private mutating func takeInput(_ count: Int) -> ByteBuffer {
        if count == input.readableBytes {
            // Moved out, not sliced, so that the buffer has one owner and can be appended to.
            let whole = input
            input = ByteBuffer()
            return whole
        }
        return input.readSlice(length: count) ?? ByteBuffer()
    }
}

/// What a parser has found of a body.
enum HTTPBodyEvent {
    case needMore
    case bytes(ByteBuffer)
    case end
}
