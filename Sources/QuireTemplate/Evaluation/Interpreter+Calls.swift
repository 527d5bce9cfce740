/// Calls of macros, functions and methods, and the functions that every template has.
extension Interpreter {
    /// Evaluates an expression that is a call; `caller` is the body of a `call` block.
    mutating func evaluateCall(
        _ expression: Expression,
        caller: Value?
    ) throws(TemplateError) -> Value {
        guard case .call(let callee, let expressions, let line) = expression else {
            throw fail("expected a call")
        }
        // A method is called without making a value of it first.
        if case .attribute(let base, let name) = callee {
            let receiver = try evaluate(base)
            if let method = Method(name, of: receiver) {
                let arguments = try evaluate(expressions)
                self.line = line
                return try call(method, of: receiver, arguments)
            }
            let function = try attribute(name, of: receiver)
            return try call(function, expressions, caller, line)
        }
        return try call(evaluate(callee), expressions, caller, line)
    }

    private mutating func call(
        _ function: Value,
        _ expressions: Arguments,
        _ caller: Value?,
        _ line: Int
    ) throws(TemplateError) -> Value {
        var arguments = try evaluate(expressions)
        if let caller { arguments.keywords.append(("caller", caller)) }
        self.line = line
        return try call(function, arguments)
    }

    mutating func evaluate(_ arguments: Arguments) throws(TemplateError) -> CallArguments {
        guard !arguments.isEmpty else { return CallArguments() }
        var result = CallArguments()
        for expression in arguments.positional {
            result.positional.append(try evaluate(expression))
        }
        for keyword in arguments.keywords {
            result.keywords.append((keyword.name, try evaluate(keyword.value)))
        }
        if let variadic = arguments.variadic {
            result.positional += try elements(of: evaluate(variadic))
        }
        if let keywordVariadic = arguments.keywordVariadic {
            guard case .dictionary(let dictionary) = try evaluate(keywordVariadic) else {
                throw fail("argument after ** must be a mapping")
            }
            var given: Set<ValueDictionary.Text> = []
            for keyword in result.keywords { given.insert(ValueDictionary.Text(keyword.name)) }
            for (key, value) in zip(dictionary.keys, dictionary.values) {
                guard case .string(let name) = key else { throw fail("keywords must be strings") }
                try spend(bytes: name.utf8.count)
                guard !given.contains(ValueDictionary.Text(name)) else {
                    throw fail("got multiple values for keyword argument '\(name)'")
                }
                result.keywords.append((name, value))
            }
        }
        return result
    }

    private mutating func call(
        _ function: Value,
        _ arguments: consuming CallArguments
    ) throws(TemplateError) -> Value {
        switch function {
        case .macro(let macro): return try call(macro, arguments)
        case .function(let function): return try call(function, arguments)
        case .method(let method): return try call(method.method, of: method.receiver, arguments)
        case .loop(let loop):
            let bound = try arguments.bound(to: ["iterable"], of: "loop", required: 1, line: line)
            return try runAgain(loop, over: bound.value(0))
        case .joiner(let joiner):
            defer { joiner.wasUsed = true }
            return .string(joiner.wasUsed ? joiner.separator : "")
        case .undefined(let undefined): throw fail(undefined.message)
        default: throw fail("'\(function.typeName)' object is not callable")
        }
    }

    private mutating func call(
        _ function: BuiltinFunction,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        switch function {
        case .raiseException: throw try refusal(arguments)
        case .strftimeNow:
            let bound = try arguments.bound(
                to: ["format"],
                of: "strftime_now",
                required: 1,
                line: line
            )
            return try make(now.formatted(bound.requiredString(0)))
        case .range: return try range(arguments)
        case .namespace: return try namespace(arguments)
        case .dict: return try make(members(of: arguments, function: "dict"))
        case .cycler:
            guard !arguments.positional.isEmpty else { throw fail("no items to cycle") }
            let extent = Extent(around: arguments.positional)
            try check(extent)
            return .cycler(Cycler(arguments.positional, extent: extent))
        case .joiner:
            let bound = try arguments.bound(to: ["sep"], of: "joiner", line: line)
            return .joiner(Joiner(try bound.string(0) ?? ", "))
        }
    }

    private mutating func refusal(_ arguments: CallArguments) throws(TemplateError) -> TemplateError
    {
        let bound = try arguments.bound(
            to: ["message"],
            of: "raise_exception",
            required: 1,
            line: line
        )
        return .refused(try softText(bound.value(0)))
    }

    /// Python's `range`; as long as the sandbox of Jinja allows.
    private mutating func range(_ arguments: CallArguments) throws(TemplateError) -> Value {
        guard arguments.keywords.isEmpty else { throw fail("range() takes no keyword arguments") }
        let bound = try arguments.bound(
            to: ["start", "stop", "step"],
            of: "range",
            required: 1,
            line: line
        )
        var bounds: [Int] = []
        for index in 0..<arguments.positional.count {
            guard let integer = bound.value(index).integer else {
                if case .undefined(let undefined) = bound.value(index) {
                    throw fail(undefined.message)
                }
                throw fail(
                    "'\(bound.value(index).typeName)' object cannot be interpreted as an integer"
                )
            }
            bounds.append(integer)
        }
        let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
        let step = bounds.count == 3 ? bounds[2] : 1
        guard step != 0 else { throw fail("range() arg 3 must not be zero") }
        let countMax = 100_000
        var elements: [Value] = []
        for value in stride(from: start, to: end, by: step) {
            guard elements.count < countMax else {
                throw self.stop("range too big: more than \(countMax) elements")
            }
            elements.append(.int(value))
        }
        try spend(elements.count)
        let text = step == 1 ? "range(\(start), \(end))" : "range(\(start), \(end), \(step))"
        return .sequence(
            ValueSequence(.range, elements, extent: Extent(around: elements), rangeText: text)
        )
    }

    private mutating func namespace(_ arguments: CallArguments) throws(TemplateError) -> Value {
        let namespace = Namespace()
        let members = try members(of: arguments, function: "namespace")
        for (key, value) in zip(members.keys, members.values) {
            namespace[try softText(key)] = value
        }
        register(namespace)
        return .namespace(namespace)
    }

    /// The members that `dict(...)` makes of a mapping or of pairs, and of keywords.
    private mutating func members(
        of arguments: CallArguments,
        function: String
    ) throws(TemplateError) -> ValueDictionaryBuilder {
        guard arguments.positional.count <= 1 else {
            throw fail("\(function) expected at most 1 argument")
        }
        var builder = ValueDictionaryBuilder()
        switch arguments.positional.first {
        case nil: break
        case .dictionary(let dictionary)?:
            for (key, value) in zip(dictionary.keys, dictionary.values) {
                try set(key, value, in: &builder)
            }
        case let value?:
            for pair in try elements(of: value) {
                let parts = try elements(of: pair)
                guard parts.count == 2 else {
                    throw fail("dictionary update sequence element has length \(parts.count)")
                }
                try set(parts[0], parts[1], in: &builder)
            }
        }
        for keyword in arguments.keywords {
            try set(.string(keyword.name), keyword.value, in: &builder)
        }
        return builder
    }
}

/// A function that every template has.
enum BuiltinFunction: String, CaseIterable {
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
    case range
    case namespace
    case dict
    case cycler
    case joiner
}
