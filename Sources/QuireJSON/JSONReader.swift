/// A pull reader over the bytes of one JSON text: the caller asks for what it expects, in order,
/// and nothing is built that it did not ask for.
///
/// Used for everything that comes from outside: request bodies, tokenizer.json, safetensors
/// headers. It never traps, its recursion is bounded by `maxDepth`, and its cost is one pass.
///
///     try reader.beginObject()
///     while let key = try reader.nextKey() {
///         switch key {
///         case "name": name = try reader.readString()
///         default: try reader.skipValue()
///         }
///     }
package struct JSONReader: ~Escapable {
    /// What the next value is, told from its first byte.
    package enum Kind: Sendable, Hashable {
        case null, bool, number, string, array, object
    }

    private let bytes: Span<UInt8>
    private var position = 0
    private var depth = 0
    private let maxDepth: Int
    /// Whether a value was just completed, so that a comma must come before the next one.
    private var isAfterValue = false

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, maxDepth: Int = 128) {
        self.bytes = bytes
        self.maxDepth = maxDepth
        // A byte order mark is not JSON, but files carry it.
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            position = 3
        }
    }

    /// Offset in bytes of what is read next.
    package var offset: Int { position }

    // MARK: Containers

    /// Enters an object.
    package mutating func beginObject() throws(JSONError) {
        try enter(UInt8(ascii: "{"), "an object")
    }

    /// The next member's key, or `nil` when the object has ended (and is left).
    package mutating func nextKey() throws(JSONError) -> String? {
        guard try advanceInContainer(closing: UInt8(ascii: "}")) else { return nil }
        let key = try scanString()
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
            throw fail("expected ':' after an object's key")
        }
        position += 1
        isAfterValue = false
        return key
    }

    /// Enters an array.
    package mutating func beginArray() throws(JSONError) {
        try enter(UInt8(ascii: "["), "an array")
    }

    /// Whether another element follows; `false` when the array has ended (and is left).
    package mutating func nextElement() throws(JSONError) -> Bool {
        try advanceInContainer(closing: UInt8(ascii: "]"))
    }

    /// Requires that nothing but white space follows.
    package mutating func finish() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw fail("text after the end of the value") }
    }

    // MARK: Values

    /// The kind of the next value, which stays unread.
    package mutating func peekKind() throws(JSONError) -> Kind {
        skipWhitespace()
        guard position < bytes.count else { throw fail("the text ends too early") }
        switch bytes[position] {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw fail("expected a value")
        }
    }

    /// Reads `null` if it is next; otherwise reads nothing and returns `false`.
    package mutating func readNullIfPresent() throws(JSONError) -> Bool {
        guard try peekKind() == .null else { return false }
        try expectLiteral("null")
        return true
    }

    package mutating func readBool() throws(JSONError) -> Bool {
        guard try peekKind() == .bool else { throw fail("expected true or false") }
        let value = bytes[position] == UInt8(ascii: "t")
        try expectLiteral(value ? "true" : "false")
        return value
    }

    /// Reads a string; escapes are resolved, and half a surrogate pair becomes U+FFFD.
    package mutating func readString() throws(JSONError) -> String {
        guard try peekKind() == .string else { throw fail("expected a string") }
        let value = try scanString()
        isAfterValue = true
        return value
    }

    /// Reads a number that is an integer within 64 bits (`2.0` counts as one).
    package mutating func readInt() throws(JSONError) -> Int {
        let start = position
        switch try readNumber() {
        case .int(let value): return value
        case .double(let value):
            if let exact = Int(exactly: value) { return exact }
        default: break
        }
        throw JSONError("expected an integer", at: start)
    }

    package mutating func readDouble() throws(JSONError) -> Double {
        let start = position
        guard let value = try readNumber().double else {
            throw JSONError("expected a number", at: start)
        }
        return value
    }

    /// Reads a number: `.int` if it is written as one and fits 64 bits, else `.double`.
    package mutating func readNumber() throws(JSONError) -> JSON {
        guard try peekKind() == .number else { throw fail("expected a number") }
        let start = position
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digitsStart = position
        var magnitude = 0
        var overflows = false
        while position < bytes.count, let digit = Self.digit(bytes[position]) {
            let (product, carried) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, over) = product.subtractingReportingOverflow(digit)
            // Accumulated as a negative number, so that Int.min fits.
            overflows = overflows || carried || over
            magnitude = sum
            position += 1
        }
        let digitCount = position - digitsStart
        guard digitCount > 0 else { throw fail("expected a digit") }
        guard digitCount == 1 || bytes[digitsStart] != UInt8(ascii: "0") else {
            throw fail("a number may not begin with 0")
        }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try skipDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try skipDigits()
        }
        isAfterValue = true
        if isInteger, !overflows {
            if isNegative { return .int(magnitude) }
            let (value, over) = (0).subtractingReportingOverflow(magnitude)
            if !over { return .int(value) }
        }
        let text = text(from: start, to: position)
        guard let value = Double(text), value.isFinite else {
            throw JSONError("the number \(text.prefix(40)) is out of range", at: start)
        }
        return .double(value)
    }

    /// Skips the next value, checking it.
    package mutating func skipValue() throws(JSONError) {
        switch try peekKind() {
        case .null: try expectLiteral("null")
        case .bool: _ = try readBool()
        case .number: _ = try readNumber()
        case .string: _ = try readString()
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        }
    }

    /// Reads the next value as a tree.
    package mutating func readValue() throws(JSONError) -> JSON {
        switch try peekKind() {
        case .null:
            try expectLiteral("null")
            return .null
        case .bool: return .bool(try readBool())
        case .number: return try readNumber()
        case .string: return .string(try readString())
        case .array:
            var values: [JSON] = []
            try beginArray()
            while try nextElement() { values.append(try readValue()) }
            return .array(values)
        case .object: return .object(try readObject())
        }
    }

    private mutating func readObject() throws(JSONError) -> JSONObject {
        var members: [JSONObject.Member] = []
        // Repeats are found by a scan while the object is small, by a table afterwards, so that a
        // hostile object of a million keys costs linear time.
        var indices: [JSONKey: Int] = [:]
        try beginObject()
        while let key = try nextKey() {
            let value = try readValue()
            let known: Int?
            if members.count < 16 {
                known = members.firstIndex { $0.key.hasSameBytes(as: key) }
            } else {
                if indices.isEmpty {
                    for (index, member) in members.enumerated() {
                        indices[JSONKey(member.key)] = index
                    }
                }
                known = indices[JSONKey(key)]
            }
            if let known {
                members[known].value = value
            } else {
                if !indices.isEmpty { indices[JSONKey(key)] = members.count }
                members.append(JSONObject.Member(key: key, value: value))
            }
        }
        return JSONObject(uniqueMembers: members)
    }

    // MARK: Scanning

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte) - 48 : nil
    }

    private func fail(_ message: String) -> JSONError { JSONError(message, at: position) }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func enter(_ opening: UInt8, _ name: String) throws(JSONError) {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == opening else {
            throw fail("expected \(name)")
        }
        guard depth < maxDepth else { throw fail("nested deeper than \(maxDepth) levels") }
        depth += 1
        position += 1
        isAfterValue = false
    }

    /// Moves to the next member or element, or leaves the container and returns `false`.
    private mutating func advanceInContainer(closing: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw fail("the text ends too early") }
        if bytes[position] == closing {
            position += 1
            depth -= 1
            isAfterValue = true
            return false
        }
        if isAfterValue {
            guard bytes[position] == UInt8(ascii: ",") else { throw fail("expected ','") }
            position += 1
            skipWhitespace()
            guard position < bytes.count, bytes[position] != closing else {
                throw fail("expected a value after ','")
            }
        }
        if closing == UInt8(ascii: "}"), bytes[position] != UInt8(ascii: "\"") {
            throw fail("expected an object's key")
        }
        isAfterValue = false
        return true
    }

    private mutating func expectLiteral(_ literal: StaticString) throws(JSONError) {
        let count = literal.utf8CodeUnitCount
        guard count <= bytes.count - position,
            text(from: position, to: position + count) == literal.description
        else { throw fail("expected \(literal)") }
        position += count
        isAfterValue = true
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while position < bytes.count, Self.digit(bytes[position]) != nil { position += 1 }
        guard position > start else { throw fail("expected a digit") }
    }

    /// The bytes as text; only called on ranges known to be ASCII.
    private func text(from start: Int, to end: Int) -> String {
        var text = ""
        for index in start..<end { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return text
    }

    /// Reads the string that begins at `position`, its quotes included.
    private mutating func scanString() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let value = try validated(bytes.extracting(start..<position), at: start)
                position += 1
                return value
            }
            if byte == UInt8(ascii: "\\") { return try scanEscapedString(from: start) }
            if byte < 0x20 { throw fail("a control character must be escaped in a string") }
            position += 1
        }
        throw fail("the text ends within a string")
    }

    private mutating func scanEscapedString(from start: Int) throws(JSONError) -> String {
        var content: [UInt8] = []
        for index in start..<position { content.append(bytes[index]) }
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let value = try validated(content.span, at: start)
                position += 1
                return value
            case UInt8(ascii: "\\"):
                position += 1
                try scanEscape(into: &content)
            case 0..<0x20:
                throw fail("a control character must be escaped in a string")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw fail("the text ends within a string")
    }

    private mutating func scanEscape(into content: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw fail("the text ends within a string") }
        let escape = bytes[position]
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(escape)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try scanHex4()
            if code >= 0xD800, code < 0xDC00, position + 6 <= bytes.count,
                bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            {
                let resume = position
                position += 2
                let low = try scanHex4()
                if low >= 0xDC00, low < 0xE000 {
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                } else {
                    position = resume
                }
            }
            let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
            content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw fail("unknown escape in a string")
        }
    }

    private mutating func scanHex4() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw fail("the text ends within a string") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - 87)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - 55)
            default: throw fail("expected four hexadecimal digits after \\u")
            }
            position += 1
        }
        return code
    }

    private func validated(
        _ content: Span<UInt8>,
        at start: Int
    ) throws(JSONError) -> String {
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: content))
        } catch {
            throw JSONError("a string is not valid UTF-8", at: start)
        }
    }
}
