/// The tokens inside a tag: names, numbers, strings, operators.
extension Lexer {
    mutating func readToken() throws(TemplateError) -> Token.Kind {
        let first = bytes[position]
        switch first {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try readString(quote: first))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        default:
            if let name = try readName() { return .name(name) }
            return .symbol(try readSymbol())
        }
    }

    private mutating func readName() throws(TemplateError) -> String? {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard position > start else { return nil }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        guard
            name.unicodeScalars.allSatisfy({ scalar in
                scalar == "_" || scalar.isASCII || scalar.properties.isXIDContinue
            })
        else { throw fail("invalid character in identifier '\(name)'") }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private mutating func readSymbol() throws(TemplateError) -> Token.Symbol {
        if position + 1 < bytes.count {
            let pair = String(decoding: bytes[position..<position + 2], as: UTF8.self)
            if let symbol = Token.Symbol(rawValue: pair) {
                position += 2
                return symbol
            }
        }
        let single = String(decoding: bytes[position...position], as: UTF8.self)
        guard let symbol = Token.Symbol(rawValue: single) else {
            throw fail("unexpected char '\(single)'")
        }
        position += 1
        return symbol
    }

    // MARK: Numbers

    private mutating func readNumber() throws(TemplateError) -> Token.Kind {
        let start = position
        if bytes[start] == UInt8(ascii: "0"), let radix = Self.radix(byte(at: start + 1)) {
            position += 2
            let digits = readDigits { $0.isHexDigit }
            guard let value = Int(digits, radix: radix) else {
                throw fail("invalid or too large number '\(text(from: start))'")
            }
            return .integer(value)
        }
        var digits = readDigits(where: Self.isDecimal)
        // `a.0.1` is an index of an index, not a fraction.
        let mayBeDouble = start == 0 || bytes[start - 1] != UInt8(ascii: ".")
        var isDouble = false
        if mayBeDouble, byte(at: position) == UInt8(ascii: "."), isDigit(at: position + 1) {
            position += 1
            digits += "." + readDigits(where: Self.isDecimal)
            isDouble = true
        }
        if mayBeDouble, byte(at: position) | 0x20 == UInt8(ascii: "e") {
            let sign = byte(at: position + 1)
            let isSigned = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
            if isDigit(at: position + (isSigned ? 2 : 1)) {
                digits += isSigned ? "e" + String(Unicode.Scalar(sign)) : "e"
                position += isSigned ? 2 : 1
                digits += readDigits(where: Self.isDecimal)
                isDouble = true
            }
        }
        if isDouble {
            guard let value = Double(digits) else { throw fail("invalid number '\(digits)'") }
            return .double(value)
        }
        guard let value = Int(digits) else { throw fail("the number '\(digits)' is too large") }
        return .integer(value)
    }

    private static func radix(_ byte: UInt8) -> Int? {
        switch byte | 0x20 {
        case UInt8(ascii: "x"): 16
        case UInt8(ascii: "o"): 8
        case UInt8(ascii: "b"): 2
        default: nil
        }
    }

    private static func isDecimal(_ character: Character) -> Bool {
        character >= "0" && character <= "9"
    }

    private func isDigit(at index: Int) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte(at: index))
    }

    /// Reads digits, and single underscores between them, which are left out.
    private mutating func readDigits(where isDigit: (Character) -> Bool) -> String {
        var digits = ""
        while position < bytes.count {
            var character = Character(Unicode.Scalar(bytes[position]))
            if character == "_", position + 1 < bytes.count {
                character = Character(Unicode.Scalar(bytes[position + 1]))
                guard isDigit(character) else { break }
                position += 1
            }
            guard isDigit(character) else { break }
            digits.append(character)
            position += 1
        }
        return digits
    }

    private func text(from start: Int) -> String {
        String(decoding: bytes[start..<position].prefix(40), as: UTF8.self)
    }

    // MARK: Strings

    private mutating func readString(quote: UInt8) throws(TemplateError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote { return String(decoding: content, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                try readEscape(into: &content)
            } else {
                content.append(byte)
            }
        }
        position = start
        throw fail("unexpected char '\(Unicode.Scalar(quote))'")
    }

    /// One escape of Python's string literals; an unknown one stands for itself.
    private mutating func readEscape(into content: inout [UInt8]) throws(TemplateError) {
        let escape = byte(at: position)
        position += 1
        switch escape {
        case UInt8(ascii: "\n"): break
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): content.append(escape)
        case UInt8(ascii: "a"): content.append(0x07)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "v"): content.append(0x0B)
        case UInt8(ascii: "x"): try appendCode(hexDigits: 2, to: &content)
        case UInt8(ascii: "u"): try appendCode(hexDigits: 4, to: &content)
        case UInt8(ascii: "U"): try appendCode(hexDigits: 8, to: &content)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var code = UInt32(escape - 48)
            for _ in 0..<2 {
                let digit = byte(at: position)
                guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { break }
                code = code << 3 | UInt32(digit - 48)
                position += 1
            }
            append(code, to: &content)
        default: content += [UInt8(ascii: "\\"), escape]
        }
    }

    private mutating func appendCode(
        hexDigits count: Int,
        to content: inout [UInt8]
    ) throws(TemplateError) {
        var code: UInt32 = 0
        for _ in 0..<count {
            guard let digit = Character(Unicode.Scalar(byte(at: position))).hexDigitValue else {
                throw fail("truncated \\x, \\u or \\U escape in a string")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        guard code <= 0x10FFFF else { throw fail("illegal Unicode character in a string") }
        append(code, to: &content)
    }

    /// Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD.
    private func append(_ code: UInt32, to content: inout [UInt8]) {
        let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
        content.append(contentsOf: String(scalar).utf8)
    }
}
