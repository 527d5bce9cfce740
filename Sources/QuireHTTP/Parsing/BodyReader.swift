/// Finds where a body ends: by its length, by its chunks, or by the end of the connection.
///
/// It sees positions, never copies bytes; the caller slices the data out of the input.
struct BodyReader {
    enum State {
        case ended, data, untilClose
        case sizeFirst, size, sizeSpace, extensionText, sizeLineFeed, dataReturn, dataLineFeed
        case trailers
    }

    var state = State.ended
    /// Bytes of the body, or of the current chunk, still to come.
    private(set) var remaining = 0
    private var isChunked = false
    private var digitCount = 0
    private var extensionBytes = 0
    private(set) var bodyBytes = 0

    init() {}

    init(_ framing: HTTPBodyFraming) {
        switch framing {
        case .none: break
        case .length(let count):
            remaining = count
            state = count > 0 ? .data : .ended
        case .chunked:
            isChunked = true
            state = .sizeFirst
        case .untilClose: state = .untilClose
        }
    }

    /// Notes that so many bytes of data were taken.
    mutating func took(_ count: Int) {
        remaining -= count
        if remaining == 0 { state = isChunked ? .dataReturn : .ended }
    }

    /// Adds to the bytes of the whole body and checks their bound.
    mutating func count(_ count: Int, limit: Int) throws(HTTPParseError) {
        let (total, overflows) = bodyBytes.addingReportingOverflow(count)
        if overflows || total > limit { throw .bodyTooLarge }
        bodyBytes = total
    }

    /// Reads what stands between chunks' data, up to data, trailers or the end of the input.
    ///
    /// Returns how many bytes it used.
    mutating func readChunkFrame(
        _ bytes: Span<UInt8>,
        _ limits: HTTPLimits
    ) throws(HTTPParseError) -> Int {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch state {
            case .sizeFirst:
                guard let digit = ByteClass.hexValue(byte) else { throw .invalidChunkSize }
                remaining = Int(digit)
                digitCount = 1
                state = .size
            case .size:
                try readSize(byte)
            case .sizeSpace:
                try readAfterSize(byte)
            case .extensionText:
                if byte == ByteClass.carriageReturn {
                    state = .sizeLineFeed
                } else {
                    guard ByteClass.isValue(byte) else { throw .invalidChunkSize }
                    try countExtension(limits)
                }
            case .sizeLineFeed:
                guard byte == ByteClass.lineFeed else { throw .invalidChunkSize }
                try count(remaining, limit: limits.bodyBytes)
                state = remaining > 0 ? .data : .trailers
                return index
            case .dataReturn:
                guard byte == ByteClass.carriageReturn else { throw .invalidChunk }
                state = .dataLineFeed
            case .dataLineFeed:
                guard byte == ByteClass.lineFeed else { throw .invalidChunk }
                state = .sizeFirst
            case .ended, .data, .untilClose, .trailers:
                return index - 1
            }
            if state == .sizeSpace { try countExtension(limits) }
        }
        return index
    }

    private mutating func readSize(_ byte: UInt8) throws(HTTPParseError) {
        guard let digit = ByteClass.hexValue(byte) else { return try readAfterSize(byte) }
        digitCount += 1
        let (shifted, overflows) = remaining.multipliedReportingOverflow(by: 16)
        if digitCount > 16 || overflows { throw .invalidChunkSize }
        remaining = shifted | Int(digit)
    }

    private mutating func readAfterSize(_ byte: UInt8) throws(HTTPParseError) {
        switch byte {
        case ByteClass.carriageReturn: state = .sizeLineFeed
        case UInt8(ascii: ";"): state = .extensionText
        case ByteClass.space, ByteClass.tab: state = .sizeSpace
        default: throw .invalidChunkSize
        }
    }

    private mutating func countExtension(_ limits: HTTPLimits) throws(HTTPParseError) {
        extensionBytes += 1
        if extensionBytes > limits.chunkExtensionBytes { throw .chunkExtensionTooLong }
    }
}
