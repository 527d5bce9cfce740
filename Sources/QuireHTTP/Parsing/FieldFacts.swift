/// What a head's fields say about framing and the connection, gathered as the lines are read.
struct FieldFacts {
    private(set) var hasHost = false
    private(set) var host: HTTPRange?
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private(set) var saysClose = false
    private(set) var saysKeepAlive = false
    private(set) var expectsContinue = false
    private(set) var hasUnknownExpectation = false

    /// Looks at one field; refuses what could be read in two ways.
    @inline(__always)
    mutating func note(
        _ entry: HTTPFields.Entry,
        in bytes: Span<UInt8>
    ) throws(HTTPParseError) {
        // The length alone rules out nearly every field.
        switch entry.name.count {
        case 4, 6, 10, 14, 17: try noteNamed(entry, in: bytes)
        default: break
        }
    }

    private mutating func noteNamed(
        _ entry: HTTPFields.Entry,
        in bytes: Span<UInt8>
    ) throws(HTTPParseError) {
        let name = bytes.extracting(entry.name.range)
        let value = bytes.extracting(entry.value.range)
        if name.equalsIgnoringCase("host") {
            if hasHost { throw .duplicateHost }
            guard HTTPAuthority.isValid(value) else { throw .invalidHost }
            hasHost = true
            host = entry.value
        } else if name.equalsIgnoringCase("expect") {
            if value.equalsIgnoringCase("100-continue") {
                expectsContinue = true
            } else {
                hasUnknownExpectation = true
            }
        } else if name.equalsIgnoringCase("connection") {
            var list = TokenList(value)
            while let item = list.next() {
                let token = value.extracting(item)
                if token.equalsIgnoringCase("close") { saysClose = true }
                if token.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
            }
        } else if name.equalsIgnoringCase("content-length") {
            let length = try Self.parseLength(value)
            if let contentLength, contentLength != length { throw .conflictingContentLength }
            contentLength = length
        } else if name.equalsIgnoringCase("transfer-encoding") {
            if isChunked { throw .duplicateTransferEncoding }
            guard value.equalsIgnoringCase("chunked") else { throw .transferEncodingNotSupported }
            isChunked = true
        }
    }

    private static func parseLength(_ value: Span<UInt8>) throws(HTTPParseError) -> Int {
        guard !value.isEmpty else { throw .invalidContentLength }
        var length = 0
        for index in value.indices {
            guard ByteClass.isDigit(value[index]) else { throw .invalidContentLength }
            let (tens, overflows) = length.multipliedReportingOverflow(by: 10)
            let (sum, carries) = tens.addingReportingOverflow(Int(value[index] &- 0x30))
            if overflows || carries { throw .invalidContentLength }
            length = sum
        }
        return length
    }

    /// How the body of a message with these fields ends; nil if no field says so.
    func framing(minorVersion: Int) throws(HTTPParseError) -> HTTPBodyFraming? {
        if isChunked {
            if minorVersion == 0 { throw .transferEncodingInHTTP10 }
            if contentLength != nil { throw .contentLengthWithTransferEncoding }
            return .chunked
        }
        return contentLength.map { .length($0) }
    }

    /// Whether another message may follow on the connection.
    func keepsAlive(minorVersion: Int) -> Bool {
        if saysClose { return false }
        return minorVersion == 1 || saysKeepAlive
    }
}

/// The grammar of a host with an optional port.
enum HTTPAuthority {
    /// Whether the bytes are a host and an optional port; nothing at all is also one.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        if bytes.isEmpty { return true }
        var index = 0
        if bytes[0] == UInt8(ascii: "[") {
            index = 1
            while index < bytes.count, isAddress(bytes[index]) { index += 1 }
            guard index > 1, index < bytes.count, bytes[index] == UInt8(ascii: "]") else {
                return false
            }
            index += 1
        } else {
            while index < bytes.count, ByteClass.isHost(bytes[index]) {
                guard bytes[index] != ByteClass.colon else { break }
                guard bytes[index] != UInt8(ascii: "["), bytes[index] != UInt8(ascii: "]") else {
                    return false
                }
                index += 1
            }
            guard index > 0 else { return false }
        }
        guard index < bytes.count else { return true }
        guard bytes[index] == ByteClass.colon, bytes.count - index <= 6 else { return false }
        index += 1
        while index < bytes.count, ByteClass.isDigit(bytes[index]) { index += 1 }
        return index == bytes.count
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        ByteClass.hexValue(byte) != nil || byte == ByteClass.colon || byte == UInt8(ascii: ".")
    }
}
