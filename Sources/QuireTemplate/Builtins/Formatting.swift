/// `"..." % values` and `"...".format(values)`.
extension Interpreter {
    /// The largest width or precision that a format may ask for.
    private static let fieldWidthMax = 10_000

    /// The filter `format`: `text % arguments`.
    mutating func format(
        _ text: String,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        guard !arguments.keywords.isEmpty else {
            return try formatPercent(text, make(.tuple, arguments.positional))
        }
        guard arguments.positional.isEmpty else {
            throw fail("can't handle positional and keyword arguments at the same time")
        }
        var builder = ValueDictionaryBuilder()
        for keyword in arguments.keywords { builder.set(keyword.name, keyword.value) }
        return try formatPercent(text, make(builder))
    }

    // MARK: Percent

    mutating func formatPercent(
        _ format: String,
        _ values: Value
    ) throws(TemplateError) -> Value {
        try spend(bytes: format.utf8.count)
        var scanner = FormatScanner(format)
        var result = ""
        var positional = [values]
        var isMapping = false
        if case .sequence(let sequence) = values, sequence.kind == .tuple {
            positional = sequence.elements
        }
        if case .dictionary = values { isMapping = true }
        var next = 0
        let tooFew = fail("not enough arguments for format string")
        func take() throws(TemplateError) -> Value {
            guard next < positional.count else { throw tooFew }
            next += 1
            return positional[next - 1]
        }
        while let scalar = scanner.next() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            if scanner.skip("%") {
                result += "%"
                continue
            }
            var named: Value?
            if scanner.skip("(") {
                guard case .dictionary(let dictionary) = values else {
                    throw fail("format requires a mapping")
                }
                guard let name = scanner.text(upTo: ")") else {
                    throw fail("incomplete format key")
                }
                guard let value = dictionary[name] else { throw fail("KeyError: '\(name)'") }
                named = value
            }
            var specification = FormatSpecification()
            specification.textAlignment = .right
            scanner.readFlags(into: &specification)
            if scanner.skip("*") {
                specification.width = try fieldWidth(take().integer)
            } else {
                specification.width = try fieldWidth(scanner.number() ?? 0)
            }
            if scanner.skip(".") {
                specification.precision =
                    scanner.skip("*")
                    ? try fieldWidth(take().integer) : try fieldWidth(scanner.number() ?? 0)
            }
            guard let type = scanner.next() else { throw fail("incomplete format") }
            specification.type = type
            let argument = if let named { named } else { try take() }
            result += try percent(argument, specification, type)
            try checkSize(result.utf8.count)
        }
        guard isMapping || next == positional.count else {
            throw fail("not all arguments converted during string formatting")
        }
        return try make(result)
    }

    private func fieldWidth(_ width: Int?) throws(TemplateError) -> Int {
        guard let width else { throw fail("* wants int") }
        guard width.magnitude <= UInt(Self.fieldWidthMax) else {
            throw fail("a width of more than \(Self.fieldWidthMax) in a format")
        }
        return abs(width)
    }

    private mutating func percent(
        _ value: Value,
        _ specification: FormatSpecification,
        _ type: Unicode.Scalar
    ) throws(TemplateError) -> String {
        switch type {
        case "s": return specification.formatted(try softText(value))
        case "r", "a":
            return specification.formatted(try representation(of: value))
        case "c":
            if case .string(let text) = value, text.scalarCount == 1 {
                return specification.formatted(text)
            }
            guard let code = value.integer.flatMap(UInt32.init(exactly:)),
                let scalar = Unicode.Scalar(code)
            else { throw fail("%c requires an int in range(0x110000) or a single character") }
            return specification.formatted(String(scalar))
        case "d", "i", "u", "x", "X", "o":
            var integer = value.integer
            if integer == nil, case .double(let number) = value, type != "x", type != "X",
                type != "o"
            {
                integer = Int(exactly: number.rounded(.towardZero))
            }
            if let integer, let text = specification.formatted(integer) { return text }
            throw fail("%\(type) format: a real number is required, not \(value.typeName)")
        case "e", "E", "f", "F", "g", "G":
            try spend(100)
            if let number = value.number, let text = specification.formatted(number) {
                return text
            }
            throw fail("must be real number, not \(value.typeName)")
        default: throw fail("unsupported format character '\(type)'")
        }
    }

    // MARK: Braces

    mutating func formatBraces(
        _ format: String,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        try spend(bytes: format.utf8.count)
        var scanner = FormatScanner(format)
        var result = ""
        var automatic = 0
        while let scalar = scanner.next() {
            switch scalar {
            case "{":
                if scanner.skip("{") {
                    result += "{"
                } else {
                    guard let field = scanner.field() else {
                        throw fail("expected '}' before end of string")
                    }
                    result += try formatField(field, arguments, &automatic)
                    try checkSize(result.utf8.count)
                }
            case "}":
                guard scanner.skip("}") else {
                    throw fail("Single '}' encountered in format string")
                }
                result += "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return try make(result)
    }

    private mutating func formatField(
        _ field: FormatScanner.Field,
        _ arguments: CallArguments,
        _ automatic: inout Int
    ) throws(TemplateError) -> String {
        var path = FormatScanner(field.path)
        let name = path.name()
        var value: Value
        if name.isEmpty || Int(name) != nil {
            let index = Int(name) ?? automatic
            if name.isEmpty { automatic += 1 }
            guard index >= 0, index < arguments.positional.count else {
                throw fail("Replacement index \(index) out of range for positional args tuple")
            }
            value = arguments.positional[index]
        } else {
            try spend(arguments.keywords.count)
            let keyword = arguments.keywords.first { $0.name.sameText(as: name) }
            guard let keyword else { throw fail("KeyError: '\(name)'") }
            value = keyword.value
        }
        while let step = path.next() {
            if step == "." {
                value = try attribute(path.name(), of: value)
            } else {
                guard step == "[", let key = path.text(upTo: "]") else {
                    throw fail("invalid field in format string")
                }
                value = try item(Int(key).map(Value.int) ?? .string(key), of: value)
            }
            if case .undefined(let undefined) = value { throw fail(undefined.message) }
        }
        switch field.conversion {
        case nil: break
        case "s": value = .string(try softText(value))
        case "r": value = .string(try representation(of: value))
        default: throw fail("unknown conversion specifier in format string")
        }
        return try formatted(value, braceSpecification(field.specification))
    }

    private func braceSpecification(_ text: String) throws(TemplateError) -> FormatSpecification {
        var scanner = FormatScanner(text)
        var specification = FormatSpecification()
        guard scanner.readBraceSpecification(into: &specification) else {
            throw fail("invalid format specifier '\(text)'")
        }
        specification.width = try fieldWidth(specification.width)
        if let precision = specification.precision {
            specification.precision = try fieldWidth(precision)
        }
        return specification
    }

    private mutating func formatted(
        _ value: Value,
        _ specification: FormatSpecification
    ) throws(TemplateError) -> String {
        try spend(100)
        switch value {
        case .int(let value):
            if let text = specification.formatted(value) { return text }
            if let text = specification.formatted(Double(value)) { return text }
        case .double(let value):
            if let text = specification.formatted(value) { return text }
        case .string(let text) where specification.type == nil || specification.type == "s":
            return specification.formatted(text)
        case .bool(let value) where specification.type == "d":
            if let text = specification.formatted(value ? 1 : 0) { return text }
        default:
            if specification.type == nil { return specification.formatted(try softText(value)) }
        }
        throw fail(
            "unknown format code '\(specification.type ?? " ")' for object of type "
                + "'\(value.typeName)'"
        )
    }
}

/// Reads a format string code point by code point.
struct FormatScanner {
    /// What stands between `{` and `}`.
    struct Field {
        var path: String
        var conversion: Unicode.Scalar?
        var specification: String
    }

    private var rest: Substring.UnicodeScalarView

    init(_ text: String) { rest = Substring(text).unicodeScalars }

    mutating func next() -> Unicode.Scalar? { rest.popFirst() }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }

    /// The text before `end`, which is skipped; `nil` if it does not come.
    mutating func text(upTo end: Unicode.Scalar) -> String? {
        guard let index = rest.firstIndex(of: end) else { return nil }
        let text = String(Substring(rest[..<index]))
        rest = rest[rest.index(after: index)...]
        return text
    }

    /// A decimal number; too large a one is `Int.max`.
    mutating func number() -> Int? {
        var value: Int?
        while let scalar = rest.first, scalar.value >= 48, scalar.value <= 57 {
            rest.removeFirst()
            let (product, carried) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(Int(scalar.value) - 48)
            value = carried || overflows ? .max : sum
        }
        return value
    }

    /// The name at the start of a field or after a dot.
    mutating func name() -> String {
        let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
        let name = String(Substring(rest[..<end]))
        rest = rest[end...]
        return name
    }

    /// The rest of a `{` field.
    mutating func field() -> Field? {
        guard let text = text(upTo: "}") else { return nil }
        var field = Field(path: text, specification: "")
        if let colon = text.unicodeScalars.firstIndex(of: ":") {
            let after = text.unicodeScalars.index(after: colon)
            field.specification = String(Substring(text.unicodeScalars[after...]))
            field.path = String(Substring(text.unicodeScalars[..<colon]))
        }
        if let mark = field.path.unicodeScalars.firstIndex(of: "!") {
            let after = field.path.unicodeScalars.index(after: mark)
            field.conversion = field.path.unicodeScalars[after...].first ?? "!"
            field.path = String(Substring(field.path.unicodeScalars[..<mark]))
        }
        return field
    }

    /// The flags of a percent format.
    mutating func readFlags(into specification: inout FormatSpecification) {
        while let flag = rest.first {
            switch flag {
            case "-":
                specification.alignment = .left
                specification.fill = " "
            case "0" where specification.alignment == nil:
                specification.alignment = .afterSign
                specification.fill = "0"
            case "0": break
            case "+": specification.positiveSign = "+"
            case " " where specification.positiveSign.isEmpty: specification.positiveSign = " "
            case " ": break
            case "#": specification.isAlternate = true
            default: return
            }
            rest.removeFirst()
        }
    }

    /// `[[fill]align][sign][#][0][width][,][.precision][type]`; `false` if something is left.
    mutating func readBraceSpecification(into result: inout FormatSpecification) -> Bool {
        func alignment(_ scalar: Unicode.Scalar?) -> FormatSpecification.Alignment? {
            switch scalar {
            case "<": .left
            case ">": .right
            case "^": .center
            case "=": .afterSign
            default: nil
            }
        }
        if let found = alignment(rest.dropFirst().first), let fill = rest.first {
            result.alignment = found
            result.fill = String(fill)
            rest.removeFirst(2)
        } else if let found = alignment(rest.first) {
            result.alignment = found
            rest.removeFirst()
        }
        if skip("+") { result.positiveSign = "+" } else if skip(" ") { result.positiveSign = " " }
        _ = skip("-")
        result.isAlternate = skip("#")
        if skip("0"), result.alignment == nil {
            result.alignment = .afterSign
            result.fill = "0"
        }
        result.width = number() ?? 0
        if skip(",") {
            result.groupSeparator = ","
        } else if skip("_") {
            result.groupSeparator = "_"
        }
        if skip(".") {
            guard let precision = number() else { return false }
            result.precision = precision
        }
        result.type = next()
        return rest.isEmpty
    }
}
