package import NIOCore

/// A set of field names, compared without letter case; made once, looked up per field of a message.
package struct HTTPFieldNames: Sendable {
    /// All names in lower case, one after the other, the shorter ones first.
    private let names: [UInt8]
    /// Where in `names` those of each length begin; one entry more than there are lengths.
    private let starts: [Int]

    /// Creates the set; an empty name is not one.
    package init(_ names: [String]) {
        let sorted = names.filter { !$0.isEmpty }
            .map { $0.utf8.map(ByteClass.lowercased) }
            .sorted { $0.count < $1.count }
        let longest = sorted.last?.count ?? 0
        self.names = sorted.flatMap(\.self)
        starts = (0...longest + 1).map { length in
            sorted.reduce(0) { $0 + ($1.count < length ? $1.count : 0) }
        }
    }

    /// Whether the set has the name; mostly its length alone says no.
    func contains(_ name: Span<UInt8>) -> Bool {
        let starts = starts.span
        guard name.count > 0, name.count + 1 < starts.count else { return false }
        let names = names.span
        var start = starts[name.count]
        while start < starts[name.count + 1] {
            let candidate = names.extracting(start..<start + name.count)
            if ByteClass.lowercased(name[0]) == candidate[0],
                name.equalsIgnoringCase(candidate)
            {
                return true
            }
            start += name.count
        }
        return false
    }

    /// What belongs to one connection and not to the message (RFC 9110, 7.6.1), and what frames
    /// the body, which every sender writes itself.
    package static let hopByHop = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
        "http2-settings", "content-length",
    ]
}

extension ByteBuffer {
    /// Writes the field lines of a received message, without those names and without the fields
    /// that its Connection fields name; the lines that stay are copied byte for byte.
    ///
    /// Lines that follow each other are copied in one piece: the parser has checked every byte of
    /// them, white space included. Cost: a look at each name, and a copy per run of lines.
    package mutating func writeFields(_ fields: HTTPFields, except names: HTTPFieldNames) {
        let entries = fields.entries.span
        let head = fields.bytes.readableBytesUInt8Span
        let namesOthers = fields.connectionNamesMore(than: names)
        writeBytes(atMost: head.count) { output in
            var run: Int?
            for index in entries.indices {
                let range = entries[index].name.range
                let name = head.extracting(range)
                let isDropped =
                    names.contains(name)
                    || namesOthers && fields.contains("connection", token: name)
                if !isDropped {
                    run = run ?? range.lowerBound
                } else if let start = run {
                    output.append(head.extracting(start..<range.lowerBound))
                    run = nil
                }
            }
            // The head ends with the empty line, which is not a field's.
            if let start = run { output.append(head.extracting(start..<head.count - 2)) }
        }
    }
}

extension HTTPFields {
    /// Whether a Connection field names a field that is not among the names.
    fileprivate func connectionNamesMore(than names: HTTPFieldNames) -> Bool {
        let head = bytes.readableBytesUInt8Span
        for entry in entries where entry.name.count == 10 {
            guard head.extracting(entry.name.range).equalsIgnoringCase("connection") else {
                continue
            }
            var list = TokenList(head.extracting(entry.value.range))
            while let item = list.next() {
                let token = list.bytes.extracting(item)
                let isOption =
                    token.equalsIgnoringCase("keep-alive") || token.equalsIgnoringCase("close")
                if !isOption, !names.contains(token) { return true }
            }
        }
        return false
    }
}
