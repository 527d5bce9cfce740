/// Operators with Python's results; what does not fit 64 bits is an error, never a trap.
extension Interpreter {
    mutating func arithmetic(
        _ operation: ArithmeticOperator,
        _ left: Value,
        _ right: Value
    ) throws(TemplateError) -> Value {
        switch (operation, left, right) {
        case (_, .int(let left), .int(let right)):
            return try arithmetic(operation, left, right)
        case (.add, .string(let left), .string(let right)):
            try checkSize(left.utf8.count + right.utf8.count)
            return try make(left + right)
        case (.add, .sequence(let left), .sequence(let right))
        where left.kind == right.kind && left.isIndexable && left.kind != .range:
            return try make(left.kind, left.elements + right.elements)
        case (.modulo, .string(let format), _): return try formatPercent(format, right)
        case (.multiply, .string, _), (.multiply, .sequence, _):
            return try repeated(left, right)
        case (.multiply, _, .string), (.multiply, _, .sequence):
            return try repeated(right, left)
        default:
            if let left = left.integer, let right = right.integer {
                return try arithmetic(operation, left, right)
            }
            guard let leftNumber = left.number, let rightNumber = right.number else {
                throw unsupported(operation, left, right)
            }
            return .double(try arithmetic(operation, leftNumber, rightNumber))
        }
    }

    private func unsupported(
        _ operation: ArithmeticOperator,
        _ left: Value,
        _ right: Value
    ) -> TemplateError {
        for case .undefined(let undefined) in [left, right] { return fail(undefined.message) }
        if operation == .add, case .string = left {
            return fail("can only concatenate str (not \"\(right.typeName)\") to str")
        }
        return fail(
            "unsupported operand type(s) for \(operation.rawValue): '\(left.typeName)' and "
                + "'\(right.typeName)'"
        )
    }

    private func arithmetic(
        _ operation: ArithmeticOperator,
        _ left: Int,
        _ right: Int
    ) throws(TemplateError) -> Value {
        switch operation {
        case .add: return try checked(left.addingReportingOverflow(right))
        case .subtract: return try checked(left.subtractingReportingOverflow(right))
        case .multiply: return try checked(left.multipliedReportingOverflow(by: right))
        case .divide:
            guard right != 0 else { throw fail("division by zero") }
            return .double(Double(left) / Double(right))
        case .floorDivide:
            guard right != 0 else { throw fail("integer division or modulo by zero") }
            let (quotient, overflows) = left.dividedReportingOverflow(by: right)
            guard !overflows else { throw tooLarge }
            let isInexact = quotient * right != left
            return .int(isInexact && (left < 0) != (right < 0) ? quotient - 1 : quotient)
        case .modulo:
            guard right != 0 else { throw fail("integer modulo by zero") }
            let (remainder, overflows) = left.remainderReportingOverflow(dividingBy: right)
            guard !overflows else { return .int(0) }
            return .int(
                remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
            )
        case .power: return try power(left, right)
        }
    }

    private var tooLarge: TemplateError { fail("an integer does not fit 64 bits") }

    private func checked(_ result: (Int, overflow: Bool)) throws(TemplateError) -> Value {
        guard !result.overflow else { throw tooLarge }
        return .int(result.0)
    }

    private func power(_ base: Int, _ exponent: Int) throws(TemplateError) -> Value {
        if exponent < 0 {
            guard base != 0 else { throw fail("0.0 cannot be raised to a negative power") }
            return .double(floatPower(Double(base), Double(exponent)))
        }
        switch base {
        case 0: return .int(exponent == 0 ? 1 : 0)
        case 1: return .int(1)
        case -1: return .int(exponent % 2 == 0 ? 1 : -1)
        default:
            guard exponent < 64 else { throw tooLarge }
            var result = 1
            for _ in 0..<exponent {
                let (product, overflows) = result.multipliedReportingOverflow(by: base)
                guard !overflows else { throw tooLarge }
                result = product
            }
            return .int(result)
        }
    }

    private func arithmetic(
        _ operation: ArithmeticOperator,
        _ left: Double,
        _ right: Double
    ) throws(TemplateError) -> Double {
        switch operation {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide:
            guard right != 0 else { throw fail("float division by zero") }
            return left / right
        case .floorDivide, .modulo:
            guard right != 0 else { throw fail("float floor division or modulo by zero") }
            let (quotient, remainder) = floorDivide(left, right)
            return operation == .modulo ? remainder : quotient
        case .power:
            guard left != 0 || right >= 0 else {
                throw fail("0.0 cannot be raised to a negative power")
            }
            guard left >= 0 || right == right.rounded() else {
                throw fail("complex numbers are not available")
            }
            let result = floatPower(left, right)
            guard result.isFinite || !left.isFinite || !right.isFinite else {
                throw fail("the result of ** is too large")
            }
            return result
        }
    }

    /// As Python: the remainder has the divisor's sign.
    private func floorDivide(_ left: Double, _ right: Double) -> (Double, Double) {
        var remainder = left.truncatingRemainder(dividingBy: right)
        var quotient = (left - remainder) / right
        if remainder != 0 {
            if (right < 0) != (remainder < 0) {
                remainder += right
                quotient -= 1
            }
        } else {
            remainder = right < 0 ? -0.0 : 0.0
        }
        if quotient != 0 {
            let floor = quotient.rounded(.down)
            quotient = quotient - floor > 0.5 ? floor + 1 : floor
        }
        return (quotient, remainder)
    }

    mutating func negated(_ value: Value) throws(TemplateError) -> Value {
        if let integer = value.integer {
            return try checked((0).subtractingReportingOverflow(integer))
        }
        if case .double(let number) = value { return .double(-number) }
        if case .undefined(let undefined) = value { throw fail(undefined.message) }
        throw fail("bad operand type for unary -: '\(value.typeName)'")
    }

    /// `+value`.
    mutating func number(_ value: Value) throws(TemplateError) -> Value {
        if let integer = value.integer { return .int(integer) }
        if case .double = value { return value }
        if case .undefined(let undefined) = value { throw fail(undefined.message) }
        throw fail("bad operand type for unary +: '\(value.typeName)'")
    }

    /// `text * count` or `list * count`.
    private mutating func repeated(
        _ value: Value,
        _ countValue: Value
    ) throws(TemplateError) -> Value {
        guard let integer = countValue.integer else {
            if case .undefined(let undefined) = countValue { throw fail(undefined.message) }
            throw fail("can't multiply sequence by non-int of type '\(countValue.typeName)'")
        }
        let count = max(integer, 0)
        switch value {
        case .string(let text):
            let (size, overflows) = text.utf8.count.multipliedReportingOverflow(by: count)
            try checkSize(overflows ? .max : size)
            return try make(text.isEmpty ? "" : String(repeating: text, count: count))
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            let (size, overflows) = sequence.elements.count.multipliedReportingOverflow(by: count)
            let (bytes, isHuge) = size.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
            try checkSize(overflows || isHuge ? .max : bytes)
            var elements: [Value] = []
            if size > 0 { for _ in 0..<count { elements += sequence.elements } }
            return try make(sequence.kind, elements)
        default:
            throw fail(
                "unsupported operand type(s) for *: '\(value.typeName)' and '\(countValue.typeName)'"
            )
        }
    }
}
