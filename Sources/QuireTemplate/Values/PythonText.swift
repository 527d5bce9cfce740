/// Texts as Python's `str` has them: compared by bytes, counted and cut in code points.
///
/// All of it works on UTF-8 in place; a code point begins at every byte that is not `10xxxxxx`.
enum PythonText {
    /// `str.isspace` of one code point.
    static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
            0x205F, 0x3000:
            true
        default: false
        }
    }

    /// The length in bytes of the white space at the start.
    static func leadingWhitespaceCount(_ bytes: Span<UInt8>) -> Int {
        var index = 0
        while index < bytes.count, let (scalar, length) = scalar(in: bytes, at: index),
            isWhitespace(scalar)
        {
            index += length
        }
        return index
    }

    /// Where the white space at the end begins.
    static func trailingWhitespaceStart(_ bytes: Span<UInt8>) -> Int {
        var end = bytes.count
        while end > 0 {
            var start = end - 1
            while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
            guard let (scalar, length) = scalar(in: bytes, at: start), start + length == end,
                isWhitespace(scalar)
            else { break }
            end = start
        }
        return end
    }

    /// The code point at a boundary of valid UTF-8, and its length in bytes.
    static func scalar(in bytes: Span<UInt8>, at index: Int) -> (Unicode.Scalar, Int)? {
        let first = UInt32(bytes[index])
        if first < 0x80 { return (Unicode.Scalar(UInt8(first)), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard index + length <= bytes.count else { return nil }
        var code = first & (0x7F >> UInt32(length))
        for offset in 1..<length { code = code << 6 | UInt32(bytes[index + offset]) & 0x3F }
        return Unicode.Scalar(code).map { ($0, length) }
    }

    /// How many code points the bytes hold.
    static func scalarCount(_ bytes: Span<UInt8>) -> Int {
        var count = 0
        for index in bytes.indices where bytes[index] & 0xC0 != 0x80 { count &+= 1 }
        return count
    }

    /// Where `needle` first occurs in `bytes[from...]`.
    ///
    /// Short needles are compared in place; long ones use Knuth-Morris-Pratt, so that the cost
    /// stays linear whatever the texts are.
    static func find(_ needle: Span<UInt8>, in bytes: Span<UInt8>, from start: Int = 0) -> Int? {
        guard start + needle.count <= bytes.count else { return nil }
        guard !needle.isEmpty else { return start }
        if needle.count > 32 { return findLong(needle, in: bytes, from: start) }
        let first = needle[0]
        let last = bytes.count - needle.count
        var index = start
        while index <= last {
            if bytes[index] == first, matches(needle, in: bytes, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// Where `needle` last occurs in `bytes[..<end]`; linear as ``find(_:in:from:)`` is.
    static func findLast(_ needle: Span<UInt8>, in bytes: Span<UInt8>, before end: Int) -> Int? {
        if needle.count > 32 { return findLastLong(needle, in: bytes, before: end) }
        var index = end - needle.count
        while index >= 0 {
            if matches(needle, in: bytes, at: index) { return index }
            index -= 1
        }
        return nil
    }

    /// Whether `needle` stands at `index`; the caller has checked that it fits.
    static func matches(_ needle: Span<UInt8>, in bytes: Span<UInt8>, at index: Int) -> Bool {
        for offset in needle.indices where bytes[index + offset] != needle[offset] { return false }
        return true
    }

    private static func findLong(
        _ needle: Span<UInt8>,
        in bytes: Span<UInt8>,
        from start: Int
    ) -> Int? {
        let borders = borders(of: needle)
        var length = 0
        for index in start..<bytes.count {
            while length > 0, bytes[index] != needle[length] { length = borders[length - 1] }
            if bytes[index] == needle[length] { length += 1 }
            if length == needle.count { return index - length + 1 }
        }
        return nil
    }

    /// As ``findLong(_:in:from:)``, with both texts read from their ends.
    private static func findLastLong(
        _ needle: Span<UInt8>,
        in bytes: Span<UInt8>,
        before end: Int
    ) -> Int? {
        guard needle.count <= end else { return nil }
        var reversed: [UInt8] = []
        for index in needle.indices.reversed() { reversed.append(needle[index]) }
        let borders = borders(of: reversed.span)
        var length = 0
        for index in stride(from: end - 1, through: 0, by: -1) {
            let byte = bytes[index]
            while length > 0, byte != reversed[length] { length = borders[length - 1] }
            if byte == reversed[length] { length += 1 }
            if length == needle.count { return index }
        }
        return nil
    }

    /// For each `n`, the length of the longest proper border of the needle's first `n + 1` bytes.
    private static func borders(of needle: Span<UInt8>) -> [Int] {
        var borders = [Int](repeating: 0, count: needle.count)
        var length = 0
        for index in needle.indices.dropFirst() {
            while length > 0, needle[index] != needle[length] { length = borders[length - 1] }
            if needle[index] == needle[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }
}

extension String {
    /// Equality of code points, which is Python's; `==` also calls texts equal that only look so.
    func sameText(as other: String) -> Bool {
        let left = utf8.span
        let right = other.utf8.span
        return left.count == right.count && PythonText.matches(left, in: right, at: 0)
    }

    /// The text of a range of bytes that begins and ends between code points.
    func slice(_ range: Range<Int>) -> String {
        guard range.lowerBound > 0 || range.upperBound < utf8.count else { return self }
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        let end = utf8.index(start, offsetBy: range.count)
        return String(self[start..<end])
    }

    /// How many code points the text has.
    var scalarCount: Int { PythonText.scalarCount(utf8.span) }

    /// The byte at which each code point begins, and the end.
    var scalarOffsets: [Int] {
        let bytes = utf8.span
        var offsets: [Int] = []
        offsets.reserveCapacity(bytes.count + 1)
        for index in bytes.indices where bytes[index] & 0xC0 != 0x80 { offsets.append(index) }
        offsets.append(bytes.count)
        return offsets
    }

    /// The byte at which code point `count` begins, or the end.
    func byteOffset(ofScalar count: Int) -> Int {
        let bytes = utf8.span
        var seen = 0
        for index in bytes.indices where bytes[index] & 0xC0 != 0x80 {
            if seen == count { return index }
            seen += 1
        }
        return bytes.count
    }

    /// Whether `other` occurs in the text.
    func containsText(_ other: String) -> Bool {
        PythonText.find(other.utf8.span, in: utf8.span) != nil
    }

    /// The text without white space at the chosen ends, or without any of `characters` there.
    func stripped(_ characters: String?, leading: Bool = true, trailing: Bool = true) -> String {
        guard let characters else {
            let bytes = utf8.span
            let end = trailing ? PythonText.trailingWhitespaceStart(bytes) : bytes.count
            let start = leading ? PythonText.leadingWhitespaceCount(bytes.extracting(0..<end)) : 0
            return slice(start..<end)
        }
        let set = Set(characters.unicodeScalars)
        var scalars = Substring(self).unicodeScalars
        if leading {
            while let first = scalars.first, set.contains(first) { scalars.removeFirst() }
        }
        if trailing { while let last = scalars.last, set.contains(last) { scalars.removeLast() } }
        return String(Substring(scalars))
    }

    /// Every occurrence of `old` replaced, or the first `limit` ones.
    func replacing(text old: String, with new: String, limit: Int) -> String {
        let bytes = utf8.span
        let needle = old.utf8.span
        var result: [UInt8] = []
        var copied = 0
        var count = 0
        var cursor = 0
        while count < limit, let found = PythonText.find(needle, in: bytes, from: cursor) {
            for index in copied..<found { result.append(bytes[index]) }
            result.append(contentsOf: new.utf8)
            copied = found + needle.count
            cursor = copied
            count += 1
            if needle.isEmpty {
                // Between all code points, and at both ends.
                guard found < bytes.count else { break }
                cursor = found + 1
                while cursor < bytes.count, bytes[cursor] & 0xC0 == 0x80 { cursor += 1 }
            }
        }
        guard count > 0 else { return self }
        for index in copied..<bytes.count { result.append(bytes[index]) }
        return String(decoding: result, as: UTF8.self)
    }
}
