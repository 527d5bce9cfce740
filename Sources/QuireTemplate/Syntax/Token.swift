/// A piece of a template's source, with the line it begins on.
struct Token: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Text between tags, white space control already applied.
        case data([UInt8])
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case double(Double)
        case symbol(Symbol)
        case end
    }

    /// Operators and brackets; the raw value is their spelling.
    enum Symbol: String, Sendable, Hashable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "**"
        case tilde = "~"
        case leftBracket = "["
        case rightBracket = "]"
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case equal = "=="
        case notEqual = "!="
        case greater = ">"
        case greaterOrEqual = ">="
        case less = "<"
        case lessOrEqual = "<="
        case assign = "="
        case dot = "."
        case colon = ":"
        case pipe = "|"
        case comma = ","
        case semicolon = ";"
    }

    var kind: Kind
    var line: Int

    /// How the token is named in messages.
    var text: String {
        switch kind {
        case .data: "template text"
        case .variableBegin: "begin of print statement"
        case .variableEnd: "end of print statement"
        case .blockBegin: "begin of statement block"
        case .blockEnd: "end of statement block"
        case .name(let name): name
        case .string(let text): "'\(text)'"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)"
        case .symbol(let symbol): symbol.rawValue
        case .end: "end of template"
        }
    }
}
