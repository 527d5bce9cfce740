/// What may stand behind `is`.
enum ValueTest: String, CaseIterable {
    case boolean, callable, defined, divisibleby, escaped, even, filter, float, integer, iterable
    case lower, mapping, none, number, odd, sameas, sequence, string, test, undefined, upper
    case `true`, `false`
    case isIn = "in"
    case equal = "eq"
    case notEqual = "ne"
    case less = "lt"
    case lessOrEqual = "le"
    case greater = "gt"
    case greaterOrEqual = "ge"

    /// A test by any of its names.
    init?(name: String) {
        switch name {
        case "==", "equalto": self = .equal
        case "!=": self = .notEqual
        case "<", "lessthan": self = .less
        case "<=": self = .lessOrEqual
        case ">", "greaterthan": self = .greater
        case ">=": self = .greaterOrEqual
        default: self.init(rawValue: name)
        }
    }

    /// The comparison that the test is, if it is one.
    fileprivate var comparison: ComparisonOperator? {
        switch self {
        case .isIn: .isIn
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        default: nil
        }
    }

    fileprivate var takesOperand: Bool {
        comparison != nil || self == .sameas || self == .divisibleby
    }
}

extension Interpreter {
    mutating func evaluateTest(
        _ reference: TestReference,
        _ value: Value,
        _ arguments: Arguments,
        line: Int
    ) throws(TemplateError) -> Bool {
        let evaluated = try evaluate(arguments)
        self.line = line
        switch reference {
        case .known(let test): return try run(test, value, evaluated)
        case .unknown(let name): throw fail("no test named '\(name)'")
        }
    }

    mutating func run(
        _ test: ValueTest,
        _ value: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Bool {
        guard arguments.keywords.isEmpty,
            arguments.positional.count == (test.takesOperand ? 1 : 0)
        else {
            throw fail(
                "the test '\(test.rawValue)' takes \(test.takesOperand ? "one" : "no") argument"
            )
        }
        if test.takesOperand { return try run(test, value, arguments.positional[0]) }
        switch test {
        case .defined: return !value.isUndefined
        case .undefined: return value.isUndefined
        case .none: return if case .none = value { true } else { false }
        case .boolean: return if case .bool = value { true } else { false }
        case .true: return if case .bool(true) = value { true } else { false }
        case .false: return if case .bool(false) = value { true } else { false }
        case .integer: return if case .int = value { true } else { false }
        case .float: return if case .double = value { true } else { false }
        case .number: return value.number != nil
        case .string: return if case .string = value { true } else { false }
        case .mapping: return if case .dictionary = value { true } else { false }
        case .sequence: return isSequence(value)
        case .iterable: return isSequence(value) || isView(value)
        case .callable: return isCallable(value)
        case .lower: return try softText(value).isAll(.islower)
        case .upper: return try softText(value).isAll(.isupper)
        case .even, .odd: return try remainder(value, 2) == (test == .odd ? 1 : 0)
        case .filter: return Filter(rawValue: try softText(value)) != nil
        case .test: return ValueTest(name: try softText(value)) != nil
        default: return false
        }
    }

    private mutating func run(
        _ test: ValueTest,
        _ value: Value,
        _ operand: Value
    ) throws(TemplateError) -> Bool {
        switch test {
        case .sameas: value.isIdentical(to: operand)
        case .divisibleby: try remainder(value, operand) == 0
        default: try compare(test.comparison ?? .equal, value, operand)
        }
    }

    private mutating func remainder(
        _ value: Value,
        _ divisor: Value
    ) throws(TemplateError) -> Double? {
        try arithmetic(.modulo, value, divisor).number
    }

    private mutating func remainder(
        _ value: Value,
        _ divisor: Int
    ) throws(TemplateError) -> Double? {
        try remainder(value, .int(divisor))
    }

    /// Jinja asks for a length and for `[...]`; an undefined value has both.
    private func isSequence(_ value: Value) -> Bool {
        switch value {
        case .string, .dictionary, .undefined: true
        case .sequence(let sequence): sequence.isIndexable
        default: false
        }
    }

    private func isView(_ value: Value) -> Bool {
        switch value {
        case .sequence, .generator, .loop: true
        default: false
        }
    }

    private func isCallable(_ value: Value) -> Bool {
        switch value {
        case .macro, .function, .method, .joiner, .undefined, .loop: true
        default: false
        }
    }
}
