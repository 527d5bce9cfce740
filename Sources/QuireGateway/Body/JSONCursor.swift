import QuireJSON

/// Walks the bytes of one JSON text and answers with positions: what routing, editing and reading
/// of chunks need, without a value, a `String` or an allocation for what nobody asked for.
///
/// Strict in structure, numbers and escapes; it leaves the UTF-8 within strings to whoever takes a
/// string out, because the bytes are passed on as they are. Never traps; nesting is bounded. Strings
/// are passed over eight bytes at a time: 64 KB of prompt cost some 10 µs.
struct JSONCursor: ~Escapable {
    /// A string's place: what is between its quotes.
    struct Text {
        var start: Int
        var end: Int
        var isEscaped: Bool

        /// The whole value, its quotes included.
        var value: Range<Int> { (start - 1)..<(end + 1) }
    }

    private let bytes: Span<UInt8>
    /// Offset of what is read next.
    private(set) var position = 0
    private var depth = 0
    private let depthMax: Int
    /// Whether a value was just completed, so that a comma must come before the next one.
    private var isAfterValue = false

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, depthMax: Int = 64) {
        self.bytes = bytes
        self.depthMax = depthMax
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    }

    // MARK: Containers

    mutating func beginObject() throws(JSONError) {
        try enter(UInt8(ascii: "{"), "expected an object")
    }

    mutating func beginArray() throws(JSONError) {
        try enter(UInt8(ascii: "["), "expected a list")
    }

    /// The next member's key, or `nil` when the object has ended (and is left).
    mutating func nextKey() throws(JSONError) -> Text? {
        guard try advance(closing: UInt8(ascii: "}")) else { return nil }
        let key = try readText()
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
            throw fail("expected ':' after an object's key")
        }
        position += 1
        isAfterValue = false
        skipWhitespace()
        return key
    }

    /// Whether another element follows; `false` when the array has ended (and is left).
    mutating func nextElement() throws(JSONError) -> Bool {
        try advance(closing: UInt8(ascii: "]"))
    }

    /// Requires that nothing but white space follows.
    mutating func finish() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw fail("text after the end of the value") }
    }

    // MARK: Values

    /// The first byte of the next value, which stays unread.
    mutating func peek() throws(JSONError) -> UInt8 {
        skipWhitespace()
        guard position < bytes.count else { throw fail("the text ends too early") }
        return bytes[position]
    }

    /// Reads a string.
    mutating func readText() throws(JSONError) -> Text {
        guard try peek() == UInt8(ascii: "\"") else { throw fail("expected a string") }
        position += 1
        let start = position
        var isEscaped = false
        while true {
            position = endOfPlainText(from: position)
            guard position < bytes.count else { throw fail("the text ends within a string") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = Text(start: start, end: position, isEscaped: isEscaped)
                position += 1
                isAfterValue = true
                return text
            case UInt8(ascii: "\\"):
                isEscaped = true
                try skipEscape()
            default: throw fail("a control character must be escaped in a string")
            }
        }
    }

    /// Reads a string if one is next; passes over any other value.
    mutating func readTextIfPresent() throws(JSONError) -> Text? {
        if try peek() == UInt8(ascii: "\"") { return try readText() }
        try skipValue()
        return nil
    }

    /// Reads `true` or `false` if it is next; passes over any other value.
    mutating func readBoolIfPresent() throws(JSONError) -> Bool? {
        let first = try peek()
        try skipValue()
        switch first {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: return nil
        }
    }

    /// Reads an integer within 64 bits if one is next; passes over any other value.
    mutating func readIntegerIfPresent() throws(JSONError) -> Int? {
        _ = try peek()
        let start = position
        try skipValue()
        return integer(start..<position)
    }

    /// Passes over the next value, checking it.
    mutating func skipValue() throws(JSONError) {
        switch try peek() {
        case UInt8(ascii: "\""): _ = try readText()
        case UInt8(ascii: "{"):
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try skipValue() }
        case UInt8(ascii: "t"): try expect("true")
        case UInt8(ascii: "f"): try expect("false")
        case UInt8(ascii: "n"): try expect("null")
        default: try skipNumber()
        }
    }

    // MARK: What was read

    /// Whether a string is this one, escapes resolved.
    func isEqual(_ text: Text, _ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard !text.isEscaped else {
            return unescaped(text).elementsEqual(name.description.utf8)
        }
        guard text.end - text.start == count else { return false }
        let characters = unsafe UnsafeBufferPointer(start: name.utf8Start, count: count)
        for index in 0..<count where unsafe bytes[text.start + index] != characters[index] {
            return false
        }
        return true
    }

    /// A string's value; `nil` if it is not valid UTF-8.
    func string(_ text: Text) -> String? {
        let content = unescaped(text)
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: content.span))
        } catch {
            return nil
        }
    }

    /// A string's bytes, escapes resolved.
    func unescaped(_ text: Text) -> [UInt8] {
        var content: [UInt8] = []
        appendUnescaped(text, to: &content)
        return content
    }

    /// Appends a string's bytes, escapes resolved; half a surrogate pair becomes U+FFFD.
    func appendUnescaped(_ text: Text, to content: inout [UInt8]) {
        if !text.isEscaped {
            unsafe bytes.extracting(text.start..<text.end).withUnsafeBufferPointer {
                unsafe content.append(contentsOf: $0)
            }
            return
        }
        var index = text.start
        while index < text.end {
            if bytes[index] == UInt8(ascii: "\\") {
                let (scalar, next) = escape(at: index)
                content.append(
                    contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
                )
                index = next
            } else {
                content.append(bytes[index])
                index += 1
            }
        }
    }

    /// What is left of a string behind its first bytes of value, which are ASCII.
    func suffix(of text: Text, afterCharacters count: Int) -> Text {
        var rest = text
        for _ in 0..<count where rest.start < rest.end {
            if bytes[rest.start] == UInt8(ascii: "\\") {
                rest.start = escape(at: rest.start).next
            } else {
                rest.start += 1
            }
        }
        return rest
    }

    /// Whether a text begins with white space, as a word's first token mostly does.
    func beginsWord(_ text: Text) -> Bool {
        guard text.start < text.end else { return false }
        if bytes[text.start] == UInt8(ascii: " ") { return true }
        return bytes[text.start] == UInt8(ascii: "\\")
            && (bytes[text.start + 1] == UInt8(ascii: "n")
                || bytes[text.start + 1] == UInt8(ascii: "t"))
    }

    /// The scalar of a checked escape, and where the text goes on.
    func escape(at start: Int) -> (scalar: Unicode.Scalar, next: Int) {
        switch bytes[start + 1] {
        case UInt8(ascii: "b"): return ("\u{8}", start + 2)
        case UInt8(ascii: "f"): return ("\u{C}", start + 2)
        case UInt8(ascii: "n"): return ("\n", start + 2)
        case UInt8(ascii: "r"): return ("\r", start + 2)
        case UInt8(ascii: "t"): return ("\t", start + 2)
        case UInt8(ascii: "u"):
            let high = hexadecimal(at: start + 2)
            if high >> 10 == 0xD800 >> 10, start + 12 <= bytes.count,
                bytes[start + 6] == UInt8(ascii: "\\"), bytes[start + 7] == UInt8(ascii: "u")
            {
                let low = hexadecimal(at: start + 8)
                if low >> 10 == 0xDC00 >> 10 {
                    let code = 0x10000 + (high & 0x3FF) << 10 + low & 0x3FF
                    return (Unicode.Scalar(code) ?? "\u{FFFD}", start + 12)
                }
            }
            return (Unicode.Scalar(high) ?? "\u{FFFD}", start + 6)
        case let byte: return (Unicode.Scalar(byte), start + 2)
        }
    }

    /// The integer that the range spells, if it does and fits; `2.0` does not.
    func integer(_ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        guard index < range.upperBound else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < range.upperBound else { return nil }
        var value = 0
        while index < range.upperBound {
            guard let digit = Self.digit(bytes[index]) else { return nil }
            let (product, carried) = value.multipliedReportingOverflow(by: 10)
            let (sum, over) = product.addingReportingOverflow(isNegative ? -digit : digit)
            guard !carried, !over else { return nil }
            value = sum
            index += 1
        }
        return value
    }

    // MARK: Steps

    private mutating func enter(_ opening: UInt8, _ expectation: String) throws(JSONError) {
        guard try peek() == opening else { throw fail(expectation) }
        guard depth < depthMax else { throw fail("nested deeper than \(depthMax) levels") }
        depth += 1
        position += 1
        isAfterValue = false
    }

    /// Moves to the next member or element, or leaves the container and returns `false`.
    private mutating func advance(closing: UInt8) throws(JSONError) -> Bool {
        if try peek() == closing {
            position += 1
            depth -= 1
            isAfterValue = true
            return false
        }
        if isAfterValue {
            guard bytes[position] == UInt8(ascii: ",") else { throw fail("expected ','") }
            position += 1
            guard try peek() != closing else { throw fail("expected a value after ','") }
        }
        isAfterValue = false
        return true
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func expect(_ literal: StaticString) throws(JSONError) {
        let end = position + literal.utf8CodeUnitCount
        guard end <= bytes.count,
            isEqual(Text(start: position, end: end, isEscaped: false), literal)
        else { throw fail("expected \(literal)") }
        position = end
        isAfterValue = true
    }

    private mutating func skipNumber() throws(JSONError) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let start = position
        try skipDigits("expected a value")
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw fail("a number may not begin with 0")
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits("expected a digit")
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try skipDigits("expected a digit")
        }
        isAfterValue = true
    }

    private mutating func skipDigits(_ expectation: String) throws(JSONError) {
        let start = position
        while position < bytes.count, Self.digit(bytes[position]) != nil { position += 1 }
        guard position > start else { throw fail(expectation) }
    }

    private mutating func skipEscape() throws(JSONError) {
        guard position + 1 < bytes.count else { throw fail("the text ends within a string") }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard position + 6 <= bytes.count else { throw fail("the text ends within a string") }
            for index in (position + 2)..<(position + 6)
            where Self.hexadecimalDigit(bytes[index]) == nil {
                throw fail("expected four hexadecimal digits after \\u")
            }
            position += 6
        default: throw fail("unknown escape in a string")
        }
    }

    private func hexadecimal(at start: Int) -> UInt32 {
        var code: UInt32 = 0
        for index in start..<(start + 4) {
            code = code << 4 | (Self.hexadecimalDigit(bytes[index]) ?? 0)
        }
        return code
    }

    /// Where the next byte is that cannot stand for itself in a string, or the text's end.
    func endOfPlainText(from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = bytes.word(at: index)
            let found =
                ByteWord.marks(of: UInt8(ascii: "\""), in: word)
                | ByteWord.marks(of: UInt8(ascii: "\\"), in: word)
                | ByteWord.marks(below: 0x20, in: word)
            if found != 0 { return index + ByteWord.firstIndex(found) }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index += 1
        }
        return index
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte) - 48 : nil
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte) - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte) - 55
        default: nil
        }
    }

    private func fail(_ message: String) -> JSONError { JSONError(message, at: position) }
}
