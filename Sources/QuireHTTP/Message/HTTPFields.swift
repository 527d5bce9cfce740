package import NIOCore

/// Where a part of a head lies in the head's bytes.
package struct HTTPRange: Sendable, Equatable {
    var start: UInt32
    var count: UInt32

    static let empty = HTTPRange(0..<0)

    init(_ range: Range<Int>) {
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        count = UInt32(truncatingIfNeeded: range.count)
    }

    @inline(__always)
    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// The header fields of a received head: its bytes and a table of where names and values lie.
///
/// A field costs 16 bytes in the table and nothing else; text is made only when asked for.
package struct HTTPFields: Sendable {
    struct Entry: Sendable {
        var name: HTTPRange
        var value: HTTPRange
    }

    /// The whole head, start line included; ranges count from its first byte.
    let bytes: ByteBuffer
    let entries: [Entry]

    /// How many field lines there are.
    package var count: Int { entries.count }

    /// The value of the first field of that name as text; names compare without case.
    package func first(_ name: String) -> String? {
        guard let index = firstIndex(of: name) else { return nil }
        return text(entries[index].value)
    }

    /// Whether the value of the first field of that name begins with the text, without case.
    package func first(_ name: String, hasPrefix text: String) -> Bool {
        guard let index = firstIndex(of: name) else { return false }
        let value = bytes.readableBytesUInt8Span.extracting(entries[index].value.range)
        let wanted = text.utf8.span
        return value.count >= wanted.count
            && value.extracting(..<wanted.count).equalsIgnoringCase(wanted)
    }

    /// The value of the first field of that name as a slice of the head.
    package func firstSlice(_ name: String) -> ByteBuffer? {
        guard let index = firstIndex(of: name) else { return nil }
        return slice(entries[index].value)
    }

    /// Where the first field of that name is.
    package func firstIndex(of name: String) -> Int? {
        let wanted = name.utf8.span
        for index in entries.indices {
            let range = entries[index].name
            guard Int(range.count) == wanted.count else { continue }
            // The span is taken late: 200 instructions, and mostly no name has the length.
            let found = bytes.readableBytesUInt8Span.extracting(range.range)
            if found.equalsIgnoringCase(wanted) { return index }
        }
        return nil
    }

    /// Whether a comma-separated field of that name has the token, compared without case.
    package func contains(_ name: String, token: String) -> Bool {
        contains(name, token: token.utf8.span)
    }

    func contains(_ name: String, token wanted: Span<UInt8>) -> Bool {
        let wantedName = name.utf8.span
        let head = bytes.readableBytesUInt8Span
        for entry in entries where Int(entry.name.count) == wantedName.count {
            guard head.extracting(entry.name.range).equalsIgnoringCase(wantedName) else { continue }
            var list = TokenList(head.extracting(entry.value.range))
            while let item = list.next() {
                if list.bytes.extracting(item).equalsIgnoringCase(wanted) { return true }
            }
        }
        return false
    }

    /// The name of a field as text, as it was sent.
    package func name(at index: Int) -> String { text(entries[index].name) }

    /// The value of a field as text.
    package func value(at index: Int) -> String { text(entries[index].value) }

    /// The name and value of a field as slices of the head, for passing them on.
    package func slices(at index: Int) -> (name: ByteBuffer, value: ByteBuffer) {
        (slice(entries[index].name), slice(entries[index].value))
    }

    func text(_ range: HTTPRange) -> String {
        bytes.readableBytesUInt8Span.extracting(range.range).makeString()
    }

    func slice(_ range: HTTPRange) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + Int(range.start), length: Int(range.count))
            ?? ByteBuffer()
    }
}

/// Walks the items of a comma-separated field value; empty items are passed over.
struct TokenList: ~Escapable {
    let bytes: Span<UInt8>
    private var position = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// The next item without the white space around it.
    mutating func next() -> Range<Int>? {
        while position < bytes.count {
            var end = position
            while end < bytes.count, bytes[end] != UInt8(ascii: ",") { end += 1 }
            let item = MessageReader.trimmed(bytes, position..<end)
            position = end + 1
            if !item.isEmpty { return item }
        }
        return nil
    }
}
