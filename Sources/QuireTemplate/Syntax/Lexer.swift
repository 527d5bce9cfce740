/// Turns a template's source into tokens, with Jinja's white space rules as chat templates use
/// them: `trim_blocks` and `lstrip_blocks` are on, one newline at the end of the file is dropped.
///
/// One pass over the bytes; the tokens of a template are kept only while it is parsed.
struct Lexer {
    var bytes: [UInt8]
    var position = 0
    var line = 1
    var tokens: [Token] = []
    /// Whether the last tag ended with a newline, so that what follows begins a line.
    private var isLineStart = true

    init(_ source: String) {
        bytes = Self.normalizingNewlines(Array(source.utf8))
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    }

    /// All tokens of the source, `.end` last.
    static func tokens(of source: String) throws(TemplateError) -> [Token] {
        var lexer = Lexer(source)
        while lexer.position < lexer.bytes.count { try lexer.readTextAndTag() }
        lexer.tokens.append(Token(kind: .end, line: lexer.line))
        return lexer.tokens
    }

    func fail(_ message: String) -> TemplateError { .syntax(message, line: line) }

    // MARK: Text and tag borders

    private enum Sign { case strip, keep, none }

    private mutating func readTextAndTag() throws(TemplateError) {
        let start = position
        var opening = position
        while true {
            guard let brace = firstIndex(of: UInt8(ascii: "{"), from: opening) else {
                emitText(start..<bytes.count)
                position = bytes.count
                return
            }
            opening = brace
            let next = byte(at: opening + 1)
            if next == UInt8(ascii: "{") || next == UInt8(ascii: "%") || next == UInt8(ascii: "#") {
                break
            }
            opening += 1
        }
        let marker = byte(at: opening + 1)
        position = opening + 2
        let sign = readSign()
        var end = opening
        switch sign {
        case .strip: end = strippedEnd(start..<opening)
        case .none where marker != UInt8(ascii: "{"): end = lineStrippedEnd(start..<opening)
        default: break
        }
        emitText(start..<end, countingLinesTo: opening)
        switch marker {
        case UInt8(ascii: "{"):
            tokens.append(Token(kind: .variableBegin, line: line))
            try readTag(closing: UInt8(ascii: "}"))
        case UInt8(ascii: "#"): try skipComment()
        default:
            if try readRaw() { return }
            tokens.append(Token(kind: .blockBegin, line: line))
            try readTag(closing: UInt8(ascii: "%"))
        }
    }

    private mutating func readSign() -> Sign {
        switch byte(at: position) {
        case UInt8(ascii: "-"):
            position += 1
            return .strip
        case UInt8(ascii: "+"):
            position += 1
            return .keep
        default: return .none
        }
    }

    /// Appends the text of `range`, and counts lines up to `next`, where reading goes on.
    private mutating func emitText(_ range: Range<Int>, countingLinesTo next: Int? = nil) {
        if !range.isEmpty { tokens.append(Token(kind: .data(Array(bytes[range])), line: line)) }
        countLines(range.lowerBound..<(next ?? range.upperBound))
    }

    private mutating func countLines(_ range: Range<Int>) {
        for byte in bytes[range] where byte == UInt8(ascii: "\n") { line += 1 }
    }

    /// The end of a text whose trailing white space is removed.
    private func strippedEnd(_ range: Range<Int>) -> Int {
        PythonText.trailingWhitespaceStart(bytes.span.extracting(range)) + range.lowerBound
    }

    /// The end of a text without the white space between its last newline and a block.
    private func lineStrippedEnd(_ range: Range<Int>) -> Int {
        let end = max(strippedEnd(range), range.lowerBound)
        var lineStart = range.upperBound
        while lineStart > range.lowerBound, bytes[lineStart - 1] != UInt8(ascii: "\n") {
            lineStart -= 1
        }
        guard lineStart > range.lowerBound || isLineStart else { return range.upperBound }
        return end <= lineStart ? lineStart : range.upperBound
    }

    /// Moves behind a tag's end and the white space that goes with it.
    private mutating func finishTag(_ sign: Sign, length: Int, trimsNewline: Bool) {
        let start = position
        position += length
        if sign == .strip {
            position += PythonText.leadingWhitespaceCount(bytes.span.extracting(position...))
        } else if sign == .none, trimsNewline, byte(at: position) == UInt8(ascii: "\n") {
            position += 1
        }
        countLines(start..<position)
        isLineStart = position > 0 && bytes[position - 1] == UInt8(ascii: "\n")
    }

    private mutating func skipComment() throws(TemplateError) {
        let start = position
        var end = position
        while end < bytes.count {
            if bytes[end] == UInt8(ascii: "#"), byte(at: end + 1) == UInt8(ascii: "}") {
                var sign = Sign.none
                var length = 2
                if end > start, bytes[end - 1] == UInt8(ascii: "-") { sign = .strip }
                if end > start, bytes[end - 1] == UInt8(ascii: "+") { sign = .keep }
                if sign != .none {
                    end -= 1
                    length = 3
                }
                countLines(start..<end)
                position = end
                finishTag(sign, length: length, trimsNewline: true)
                return
            }
            end += 1
        }
        throw fail("missing end of comment tag")
    }

    /// Reads `{% raw %} ... {% endraw %}` if the block that has just begun is one.
    private mutating func readRaw() throws(TemplateError) -> Bool {
        guard var cursor = word("raw", from: position) else { return false }
        if bytes[cursor...].starts(with: "-%}".utf8) {
            cursor += 3
            cursor += PythonText.leadingWhitespaceCount(bytes.span.extracting(cursor...))
        } else if bytes[cursor...].starts(with: "%}".utf8) {
            cursor += 2
        } else {
            return false
        }
        countLines(position..<cursor)
        isLineStart = bytes[cursor - 1] == UInt8(ascii: "\n")
        let start = cursor
        while let brace = firstIndex(of: UInt8(ascii: "{"), from: cursor) {
            cursor = brace + 1
            guard byte(at: brace + 1) == UInt8(ascii: "%") else { continue }
            position = brace + 2
            let sign = readSign()
            guard let closing = word("endraw", from: position) else { continue }
            position = closing
            let endSign = readSign()
            guard bytes[position...].starts(with: "%}".utf8) else { continue }
            let end =
                switch sign {
                case .strip: strippedEnd(start..<brace)
                case .keep: brace
                case .none: lineStrippedEnd(start..<brace)
                }
            emitText(start..<end, countingLinesTo: closing)
            finishTag(endSign, length: 2, trimsNewline: true)
            return true
        }
        throw fail("missing end of raw directive")
    }

    /// The position behind `word` and the white space around it, if it stands at `start`.
    private func word(_ word: String, from start: Int) -> Int? {
        var cursor = start
        cursor += PythonText.leadingWhitespaceCount(bytes.span.extracting(cursor...))
        guard bytes[cursor...].starts(with: word.utf8) else { return nil }
        cursor += word.utf8.count
        return cursor + PythonText.leadingWhitespaceCount(bytes.span.extracting(cursor...))
    }

    // MARK: Inside a tag

    private mutating func readTag(closing: UInt8) throws(TemplateError) {
        let begin = line
        var brackets: [Token.Symbol] = []
        while true {
            skipWhitespace()
            guard position < bytes.count else {
                throw .syntax("the tag is never closed", line: begin)
            }
            if brackets.isEmpty, finishTagIfPresent(closing) { return }
            let start = position
            let kind = try readToken()
            if case .symbol(let symbol) = kind { try balance(symbol, &brackets) }
            tokens.append(Token(kind: kind, line: line))
            countLines(start..<position)
        }
    }

    private mutating func finishTagIfPresent(_ closing: UInt8) -> Bool {
        var sign = Sign.none
        var cursor = position
        if bytes[cursor] == UInt8(ascii: "-") { sign = .strip }
        if bytes[cursor] == UInt8(ascii: "+"), closing == UInt8(ascii: "%") { sign = .keep }
        if sign != .none { cursor += 1 }
        guard byte(at: cursor) == closing, byte(at: cursor + 1) == UInt8(ascii: "}") else {
            return false
        }
        let isBlock = closing == UInt8(ascii: "%")
        tokens.append(Token(kind: isBlock ? .blockEnd : .variableEnd, line: line))
        finishTag(sign, length: cursor + 2 - position, trimsNewline: isBlock)
        return true
    }

    private func balance(
        _ symbol: Token.Symbol,
        _ brackets: inout [Token.Symbol]
    ) throws(TemplateError) {
        switch symbol {
        case .leftBrace: brackets.append(.rightBrace)
        case .leftBracket: brackets.append(.rightBracket)
        case .leftParenthesis: brackets.append(.rightParenthesis)
        case .rightBrace, .rightBracket, .rightParenthesis:
            guard let expected = brackets.popLast() else {
                throw fail("unexpected '\(symbol.rawValue)'")
            }
            guard expected == symbol else {
                throw fail("unexpected '\(symbol.rawValue)', expected '\(expected.rawValue)'")
            }
        default: break
        }
    }

    private mutating func skipWhitespace() {
        let count = PythonText.leadingWhitespaceCount(bytes.span.extracting(position...))
        countLines(position..<(position + count))
        position += count
    }

    // MARK: Bytes

    /// The byte at `index`, 0 behind the end (a template has no use for NUL bytes in tags).
    func byte(at index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    private func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if bytes[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// `\r\n` and `\r` become `\n`.
    static func normalizingNewlines(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "\r")) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\r") {
                result.append(UInt8(ascii: "\n"))
            } else if byte != UInt8(ascii: "\n") || index == 0
                || bytes[index - 1] != UInt8(ascii: "\r")
            {
                result.append(byte)
            }
        }
        return result
    }
}
