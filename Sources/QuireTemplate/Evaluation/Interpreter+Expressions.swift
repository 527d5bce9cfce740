/// Values of expressions.
///
/// `evaluate` recurses over the tree, so it only dispatches: what needs many locals is in functions
/// of its own, which keeps the stack that a level takes small.
extension Interpreter {
    mutating func evaluate(_ expression: Expression) throws(TemplateError) -> Value {
        try spend(1)
        switch expression {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let text): return .string(text)
        case .name(let id): return scope.find(id) ?? .undefined(.name(names[id.index]))
        default: break
        }
        try enter()
        let value = try evaluateNested(expression)
        leave()
        return value
    }

    private mutating func evaluateNested(
        _ expression: Expression
    ) throws(TemplateError) -> Value {
        switch expression {
        case .attribute(let base, let name): try attribute(name, of: evaluate(base))
        case .item(let base, let key): try item(evaluate(key), of: evaluate(base))
        case .call: try evaluateCall(expression, caller: nil)
        case .filter(let input, let filter, let arguments, let line):
            try evaluateFilter(filter, evaluate(input), arguments, line: line)
        case .test(let subject, let test, let arguments, let line):
            .bool(try evaluateTest(test, evaluate(subject), arguments, line: line))
        case .not(let operand): .bool(!(try evaluate(operand).isTrue))
        case .and(let left, let right): try evaluateAnd(left, right)
        case .or(let left, let right): try evaluateOr(left, right)
        case .arithmetic(let operation, let left, let right):
            try arithmetic(operation, evaluate(left), evaluate(right))
        case .comparison(let first, let rest): .bool(try evaluateComparison(first, rest))
        case .concatenation(let parts): try evaluateConcatenation(parts)
        case .conditional(let test, let then, let otherwise):
            try evaluateConditional(test, then, otherwise)
        case .list(let elements): try make(.list, evaluateAll(elements))
        case .tuple(let elements): try make(.tuple, evaluateAll(elements))
        case .dictionary(let pairs): try evaluateDictionary(pairs)
        case .slice(let base, let start, let stop, let step):
            try evaluateSlice(base, start, stop, step)
        case .negative(let operand): try negated(evaluate(operand))
        case .positive(let operand): try number(evaluate(operand))
        case .none, .bool, .int, .double, .string, .name: .none
        }
    }

    // MARK: Containers

    private mutating func evaluateAll(
        _ expressions: [Expression]
    ) throws(TemplateError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private mutating func evaluateDictionary(
        _ pairs: [(key: Expression, value: Expression)]
    ) throws(TemplateError) -> Value {
        var builder = ValueDictionaryBuilder(reserving: pairs.count)
        for pair in pairs {
            let key = try evaluate(pair.key)
            try set(key, evaluate(pair.value), in: &builder)
        }
        return try make(builder)
    }

    /// Sets a member; the key must be hashable.
    mutating func set(
        _ key: Value,
        _ value: Value,
        in builder: inout ValueDictionaryBuilder
    ) throws(TemplateError) {
        try spend(key.extent.weight)
        guard builder.set(key, value) else { throw fail("unhashable type: '\(key.typeName)'") }
    }

    /// What a value is as a key, paid for; `nil` if it cannot be one.
    mutating func key(_ value: Value) throws(TemplateError) -> ValueDictionary.Key? {
        try spend(value.extent.weight)
        return ValueDictionary.Key(value)
    }

    /// A new list or tuple, if it is not too deep or too large.
    mutating func make(
        _ kind: ValueSequence.Kind,
        _ elements: [Value]
    ) throws(TemplateError) -> Value {
        try spend(elements.count)
        let extent = Extent(around: elements)
        try check(extent)
        return .sequence(ValueSequence(kind, elements, extent: extent))
    }

    mutating func makeGenerator(_ elements: [Value]) throws(TemplateError) -> Value {
        try spend(elements.count)
        let extent = Extent(around: elements)
        try check(extent)
        return .generator(ValueGenerator(elements, extent: extent))
    }

    mutating func make(
        _ builder: consuming ValueDictionaryBuilder
    ) throws(TemplateError) -> Value {
        let dictionary = builder.build()
        try check(dictionary.extent)
        return .dictionary(dictionary)
    }

    func check(_ extent: Extent) throws(TemplateError) {
        guard extent.depth <= limits.valueDepthMax else {
            throw stop("values nest more than \(limits.valueDepthMax) levels deep")
        }
        guard extent.weight <= limits.outputBytesMax else {
            throw stop("a value of more than \(limits.outputBytesMax) parts")
        }
    }

    /// What a `for` over the value walks.
    mutating func elements(of value: Value) throws(TemplateError) -> [Value] {
        switch value {
        case .sequence(let sequence):
            try spend(sequence.elements.count)
            return sequence.elements
        case .dictionary(let dictionary):
            try spend(dictionary.count)
            return dictionary.keys
        case .generator(let generator): return generator.takeAll()
        case .string(let text):
            try spend(text.utf8.count)
            return text.unicodeScalars.map { .string(String($0)) }
        case .undefined(.unsafe(let name, let type)):
            throw fail(Undefined.unsafe(name, ofType: type).message)
        case .undefined: return []
        default: throw fail("'\(value.typeName)' object is not iterable")
        }
    }

    // MARK: Logic

    private mutating func evaluateAnd(
        _ left: Expression,
        _ right: Expression
    ) throws(TemplateError) -> Value {
        let value = try evaluate(left)
        return value.isTrue ? try evaluate(right) : value
    }

    private mutating func evaluateOr(
        _ left: Expression,
        _ right: Expression
    ) throws(TemplateError) -> Value {
        let value = try evaluate(left)
        return value.isTrue ? value : try evaluate(right)
    }

    private mutating func evaluateConditional(
        _ test: Expression,
        _ then: Expression,
        _ otherwise: Expression?
    ) throws(TemplateError) -> Value {
        if try evaluate(test).isTrue { return try evaluate(then) }
        guard let otherwise else {
            return .undefined(
                .message(
                    "the inline if-expression evaluated to false and no else section was defined."
                )
            )
        }
        return try evaluate(otherwise)
    }

    private mutating func evaluateComparison(
        _ first: Expression,
        _ rest: [(comparison: ComparisonOperator, operand: Expression)]
    ) throws(TemplateError) -> Bool {
        var left = try evaluate(first)
        for (comparison, operand) in rest {
            let right = try evaluate(operand)
            guard try compare(comparison, left, right) else { return false }
            left = right
        }
        return true
    }

    mutating func compare(
        _ comparison: ComparisonOperator,
        _ left: Value,
        _ right: Value
    ) throws(TemplateError) -> Bool {
        switch comparison {
        case .equal: return try equals(left, right)
        case .notEqual: return !(try equals(left, right))
        case .less: return try isLess(left, right, orEqual: false, "<")
        case .lessOrEqual: return try isLess(left, right, orEqual: true, "<=")
        case .greater: return try isLess(right, left, orEqual: false, ">")
        case .greaterOrEqual: return try isLess(right, left, orEqual: true, ">=")
        case .isIn: return try contains(right, left)
        case .isNotIn: return !(try contains(right, left))
        }
    }

    /// Equality, paid for by the size of what is compared.
    mutating func equals(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)) where left.utf8.count == right.utf8.count:
            try spend(bytes: left.utf8.count)
        case (.sequence, .sequence), (.dictionary, .dictionary):
            try spend(min(left.extent.weight, right.extent.weight))
        default: break
        }
        return left.equals(right)
    }

    private mutating func isLess(
        _ left: Value,
        _ right: Value,
        orEqual: Bool,
        _ symbol: String
    ) throws(TemplateError) -> Bool {
        try spend(min(left.extent.weight, right.extent.weight))
        if let result = left.isLess(than: right, orEqual: orEqual) { return result }
        for case .undefined(let undefined) in [left, right] { throw fail(undefined.message) }
        throw fail(
            "'\(symbol)' not supported between instances of '\(left.typeName)' and "
                + "'\(right.typeName)'"
        )
    }

    /// `element in container`.
    mutating func contains(_ container: Value, _ element: Value) throws(TemplateError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = element else {
                if case .undefined(let undefined) = element { throw fail(undefined.message) }
                throw fail(
                    "'in <string>' requires string as left operand, not \(element.typeName)"
                )
            }
            try spend(bytes: text.utf8.count)
            return text.containsText(part)
        case .dictionary(let dictionary):
            guard let key = try key(element) else {
                if element.isUndefined { return false }
                throw fail("unhashable type: '\(element.typeName)'")
            }
            return dictionary[key, element] != nil
        case .sequence(let sequence):
            for candidate in sequence.elements {
                try spend(1)
                if try equals(candidate, element) { return true }
            }
            return false
        case .generator(let generator):
            for candidate in generator.takeAll() {
                try spend(1)
                if try equals(candidate, element) { return true }
            }
            return false
        case .undefined: return false
        default: throw fail("argument of type '\(container.typeName)' is not iterable")
        }
    }

    private mutating func evaluateConcatenation(
        _ parts: [Expression]
    ) throws(TemplateError) -> Value {
        var bytes: [UInt8] = []
        for part in parts {
            let value = try evaluate(part)
            try append(value, to: &bytes)
        }
        return try make(String(decoding: bytes, as: UTF8.self))
    }
}
