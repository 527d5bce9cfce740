/// What may stand behind `|`.
///
/// Names are Jinja's; `tojson` is transformers'.
enum Filter: String, CaseIterable {
    case abs, attr, batch, capitalize, center, count, d, dictsort, e, escape, first, float
    case `default`
    case forceescape, format, groupby, indent, int, items, join, last, length, list, lower, map
    case max, min, reject, rejectattr, replace, reverse, round, safe, select, selectattr, slice
    case sort, string, sum, title, tojson, trim, truncate, unique, upper, urlencode, wordcount

    fileprivate var takesNoArguments: Bool {
        switch self {
        case .abs, .capitalize, .count, .e, .escape, .first, .forceescape, .items, .last, .length,
            .list, .lower, .reverse, .safe, .string, .title, .upper, .urlencode, .wordcount:
            true
        default: false
        }
    }
}

extension Interpreter {
    mutating func evaluateFilter(
        _ reference: FilterReference,
        _ input: Value,
        _ arguments: Arguments,
        line: Int
    ) throws(TemplateError) -> Value {
        let evaluated = try evaluate(arguments)
        self.line = line
        switch reference {
        case .known(let filter): return try apply(filter, to: input, evaluated)
        case .unknown(let name): throw fail("no filter named '\(name)'")
        }
    }

    /// The filters of a `filter` or `set` block, one after another.
    mutating func applyFilters(
        _ steps: [Statement.FilterStep],
        to input: Value
    ) throws(TemplateError) -> Value {
        var value = input
        for step in steps {
            value = try evaluateFilter(step.filter, value, step.arguments, line: line)
        }
        return value
    }

    /// Applies a filter: on texts and numbers here, on lists and dictionaries in the files beside.
    mutating func apply(
        _ filter: Filter,
        to input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        if filter.takesNoArguments { _ = try bind(arguments, filter, []) }
        switch filter {
        case .tojson: return try toJSON(input, arguments)
        case .trim:
            let bound = try bind(arguments, filter, ["chars"])
            return try make(softText(input).stripped(bound.string(0)))
        case .length, .count: return .int(try length(of: input))
        case .string, .safe: return try make(softText(input))
        case .default, .d:
            let bound = try bind(arguments, filter, ["default_value", "boolean"])
            let isMissing = input.isUndefined || bound.bool(1) && !input.isTrue
            return isMissing ? bound[0] ?? .string("") : input
        case .upper: return try make(softText(input).pythonUppercased)
        case .lower: return try make(softText(input).pythonLowercased)
        case .capitalize: return try make(softText(input).capitalizedFirst)
        case .title: return try make(softText(input).titlecasedWords)
        case .replace:
            let bound = try bind(arguments, filter, ["old", "new", "count"], required: 2)
            return try replacing(
                softText(input),
                softText(bound.value(0)),
                with: softText(bound.value(1)),
                limit: (try bound.int(2)).flatMap { $0 < 0 ? nil : $0 } ?? .max
            )
        case .indent: return try indent(input, arguments)
        case .center:
            let bound = try bind(arguments, filter, ["width"])
            let width = CallArguments(positional: [.int(try bound.int(0) ?? 80)])
            return try call(.center, of: softText(input), width)
        case .escape, .e, .forceescape: return try make(softText(input).htmlEscaped)
        case .urlencode: return try make(softText(input).urlEncoded)
        case .truncate: return try truncate(input, arguments)
        case .wordcount: return .int(softWordCount(try softText(input)))
        case .format: return try format(softText(input), arguments)
        case .int: return try toInt(input, arguments)
        case .float: return try toFloat(input, arguments)
        case .abs: return try absolute(input)
        case .round: return try round(input, arguments)
        default: return try applyToCollection(filter, input, arguments)
        }
    }

    func bind(
        _ arguments: CallArguments,
        _ filter: Filter,
        _ parameters: [String],
        required: Int = 0
    ) throws(TemplateError) -> BoundArguments {
        try arguments.bound(to: parameters, of: filter.rawValue, required: required, line: line)
    }

    /// `str(value)`, paid for.
    mutating func softText(_ value: Value) throws(TemplateError) -> String {
        if case .undefined(.unsafe) = value { _ = try elements(of: value) }
        if case .string(let text) = value {
            try spend(bytes: text.utf8.count)
            return text
        }
        var bytes: [UInt8] = []
        try append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `str(value)`, paid for and no longer than a text may be.
    mutating func append(_ value: Value, to bytes: inout [UInt8]) throws(TemplateError) {
        try spend(value.extent.weight)
        let start = bytes.count
        value.appendText(to: &bytes, limit: limits.outputBytesMax)
        try checkSize(bytes.count)
        try spend(bytes: bytes.count - start)
    }

    /// `repr(value)`, paid for.
    mutating func representation(of value: Value) throws(TemplateError) -> String {
        try spend(value.extent.weight)
        var bytes: [UInt8] = []
        value.appendRepresentation(to: &bytes, limit: limits.outputBytesMax)
        try checkSize(bytes.count)
        try spend(bytes: bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `len(value)`.
    mutating func length(of value: Value) throws(TemplateError) -> Int {
        switch value {
        case .string(let text):
            try spend(bytes: text.utf8.count)
            return text.scalarCount
        case .sequence(let sequence): return sequence.elements.count
        case .dictionary(let dictionary): return dictionary.count
        case .loop(let loop): return loop.items.count
        case .undefined: return 0
        default: throw fail("object of type '\(value.typeName)' has no len()")
        }
    }

    private func softWordCount(_ text: String) -> Int {
        var count = 0
        var isInWord = false
        for scalar in text.unicodeScalars {
            let isWordPart =
                scalar == "_" || scalar.isPythonAlpha || scalar.properties.numericType != nil
            if isWordPart, !isInWord { count += 1 }
            isInWord = isWordPart
        }
        return count
    }

    // MARK: Texts

    private mutating func indent(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .indent, ["width", "first", "blank"])
        var indentation: String
        if case .string(let text)? = bound[0] {
            indentation = text
        } else {
            let width = max(try bound.int(0) ?? 4, 0)
            try checkSize(width)
            indentation = String(repeating: " ", count: width)
        }
        guard case .string(let text) = input else {
            throw fail("indent: expected a string, not \(input.typeName)")
        }
        try spend(bytes: text.utf8.count)
        let lines = (text + "\n").pythonLines(keepingEnds: false)
        let (growth, overflows) = lines.count.multipliedReportingOverflow(
            by: indentation.utf8.count
        )
        try checkSize(overflows ? .max : growth)
        var result = bound.bool(1) ? indentation : ""
        for (index, line) in lines.enumerated() {
            if index > 0 {
                result += "\n"
                if bound.bool(2) || !line.isEmpty { result += indentation }
            }
            result += line
        }
        return try make(result)
    }

    private mutating func truncate(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .truncate, ["length", "killwords", "end", "leeway"])
        let text = try softText(input)
        let length = try bound.int(0) ?? 255
        let end = try bound.string(2) ?? "..."
        let leeway = try bound.int(3) ?? 5
        guard length >= end.scalarCount, leeway >= 0 else {
            throw fail("truncate: the length is less than that of the end")
        }
        guard text.scalarCount - leeway > length else { return .string(text) }
        let head = text.slice(0..<text.byteOffset(ofScalar: length - end.scalarCount))
        if bound.bool(1) { return try make(head + end) }
        return try make(head.split(at: " ", limit: 1, fromEnd: true)[0] + end)
    }

    // MARK: Numbers

    private mutating func toInt(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .int, ["default", "base"])
        let defaultValue = bound[0] ?? .int(0)
        switch input {
        case .int, .bool: return .int(input.integer ?? 0)
        case .double(let value):
            guard let integer = Int(exactly: value.rounded(.towardZero)) else {
                return defaultValue
            }
            return .int(integer)
        case .string(let text):
            try spend(bytes: text.utf8.count)
            let digits = text.stripped(nil).replacing(text: "_", with: "", limit: .max)
            let base = try bound.int(1) ?? 10
            guard (2...36).contains(base) else { return defaultValue }
            if let value = Int(digits.withoutRadixPrefix(base), radix: base) { return .int(value) }
            guard let value = pythonDouble(text),
                let integer = Int(exactly: value.rounded(.towardZero))
            else { return defaultValue }
            return .int(integer)
        default: return defaultValue
        }
    }

    private mutating func toFloat(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .float, ["default"])
        if let number = input.number { return .double(number) }
        if case .string(let text) = input {
            try spend(bytes: text.utf8.count)
            if let value = pythonDouble(text) { return .double(value) }
        }
        return bound[0] ?? .double(0)
    }

    private mutating func absolute(_ input: Value) throws(TemplateError) -> Value {
        if let integer = input.integer {
            return integer < 0 ? try negated(.int(integer)) : .int(integer)
        }
        guard case .double(let value) = input else {
            throw fail("bad operand type for abs(): '\(input.typeName)'")
        }
        return .double(value.magnitude)
    }

    private mutating func round(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .round, ["precision", "method"])
        let precision = min(max(try bound.int(0) ?? 0, -400), 400)
        let method = try bound.string(1) ?? "common"
        guard let value = input.number else {
            throw fail("type \(input.typeName) doesn't define __round__ method")
        }
        try spend(100)
        switch method {
        case "common":
            if let integer = input.integer, precision >= 0 { return .int(integer) }
            guard value.isFinite else { return .double(value) }
            let rounded = DecimalDigits(value).fixed(places: precision)
            guard let result = Double(rounded) else { return .double(value) }
            if input.integer != nil, let integer = Int(exactly: result) { return .int(integer) }
            return .double(value < 0 ? -result : result)
        case "ceil", "floor":
            let scale = floatPower(10, Double(precision))
            let scaled = (value * scale).rounded(method == "ceil" ? .up : .down)
            return .double(scaled / scale)
        default: throw fail("method must be common, ceil or floor")
        }
    }
}

/// `float(text)`; `nil` where Python raises.
private func pythonDouble(_ text: String) -> Double? {
    let digits = text.stripped(nil)
    switch digits.pythonLowercased {
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    case "nan", "+nan", "-nan": return .nan
    default: break
    }
    let allowed = "0123456789+-.eE_"
    guard digits.unicodeScalars.allSatisfy(allowed.unicodeScalars.contains) else { return nil }
    return Double(digits.replacing(text: "_", with: "", limit: .max))
}

extension String {
    /// The digits behind `0x`, `0o` or `0b`, if that is the prefix of the base.
    fileprivate func withoutRadixPrefix(_ base: Int) -> String {
        let prefix = [16: "0x", 8: "0o", 2: "0b"][base]
        guard let prefix, pythonLowercased.hasAffix(prefix, atEnd: false) else { return self }
        return slice(2..<utf8.count)
    }

    /// The filter `title`: words begin at the start and after white space, hyphens and brackets.
    fileprivate var titlecasedWords: String {
        var result = ""
        var word = ""
        func flush() {
            guard let first = word.unicodeScalars.first else { return }
            let rest = String(Substring(word.unicodeScalars.dropFirst()))
            result += first.properties.uppercaseMapping + rest.pythonLowercased
            word = ""
        }
        for scalar in unicodeScalars {
            if PythonText.isWhitespace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                flush()
                result.unicodeScalars.append(scalar)
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        flush()
        return result
    }

    /// The text as MarkupSafe escapes it.
    fileprivate var htmlEscaped: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text as `urllib.parse.quote` writes it, slashes kept.
    fileprivate var urlEncoded: String {
        var result = ""
        for byte in utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.isPythonAlpha || scalar.properties.numericType != nil
                    || "_.-~/".unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
