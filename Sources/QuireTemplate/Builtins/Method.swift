/// A method that templates may call.
///
/// Which types have it is decided by ``init(_:of:)``.
enum Method: Hashable {
    case string(StringMethod)
    case sequence(SequenceMethod)
    case dictionary(DictionaryMethod)
    case loop(LoopMethod)
    case cycler(CyclerMethod)

    enum SequenceMethod: String { case index, count, copy }
    enum DictionaryMethod: String { case get, items, keys, values, copy }
    enum LoopMethod: String { case cycle, changed }
    enum CyclerMethod: String { case next, reset }

    /// The method `name` of the value's type, if it has one.
    init?(_ name: String, of value: Value) {
        let method: Method? =
            switch value {
            case .string: StringMethod(rawValue: name).map(Method.string)
            case .sequence(let sequence) where sequence.isIndexable:
                SequenceMethod(rawValue: name).map(Method.sequence)
            case .dictionary: DictionaryMethod(rawValue: name).map(Method.dictionary)
            case .loop: LoopMethod(rawValue: name).map(Method.loop)
            case .cycler: CyclerMethod(rawValue: name).map(Method.cycler)
            default: nil
            }
        guard let method else { return nil }
        if case .sequence(.copy) = method, case .sequence(let sequence) = value,
            sequence.kind != .list
        {
            return nil
        }
        self = method
    }

    var name: String {
        switch self {
        case .string(let method): method.rawValue
        case .sequence(let method): method.rawValue
        case .dictionary(let method): method.rawValue
        case .loop(let method): method.rawValue
        case .cycler(let method): method.rawValue
        }
    }

    private static let listMutators: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]
    private static let dictionaryMutators: Set<String> = [
        "clear", "pop", "popitem", "setdefault", "update",
    ]

    /// What the sandbox denies: methods that change their object, and Python's internals.
    static func isUnsafe(_ name: String, of value: Value) -> Bool {
        if name.hasPrefix("__"), name.hasSuffix("__") { return true }
        switch value {
        case .sequence(let sequence) where sequence.kind == .list:
            return listMutators.contains(name)
        case .dictionary: return dictionaryMutators.contains(name)
        default: return false
        }
    }
}

extension Interpreter {
    mutating func call(
        _ method: Method,
        of receiver: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        switch (method, receiver) {
        case (.string(let method), .string(let text)):
            return try call(method, of: text, arguments)
        case (.sequence(let method), .sequence(let sequence)):
            return try call(method, of: sequence, arguments)
        case (.dictionary(let method), .dictionary(let dictionary)):
            return try call(method, of: dictionary, arguments)
        case (.loop(.cycle), .loop(let loop)):
            guard !arguments.positional.isEmpty else {
                throw fail("no items for cycling given")
            }
            return arguments.positional[loop.index % arguments.positional.count]
        case (.loop(.changed), .loop(let loop)):
            let last = loop.lastChange
            loop.lastChange = arguments.positional
            guard let last, last.count == arguments.positional.count else { return .bool(true) }
            for (old, new) in zip(last, arguments.positional) where !(try equals(old, new)) {
                return .bool(true)
            }
            return .bool(false)
        case (.cycler(let method), .cycler(let cycler)):
            if method == .reset {
                cycler.position = 0
                return .none
            }
            defer { cycler.position = (cycler.position + 1) % cycler.values.count }
            return cycler.values[cycler.position]
        default: throw fail("'\(receiver.typeName)' object has no method '\(method.name)'")
        }
    }

    private mutating func call(
        _ method: Method.SequenceMethod,
        of sequence: ValueSequence,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        if method == .copy { return .sequence(sequence) }
        let bound = try arguments.bound(
            to: ["value"],
            of: method.rawValue,
            required: 1,
            line: line
        )
        var count = 0
        for (index, element) in sequence.elements.enumerated() {
            try spend(1)
            if try equals(element, bound.value(0)) {
                if method == .index { return .int(index) }
                count += 1
            }
        }
        if method == .index {
            let text = try representation(of: bound.value(0))
            throw fail("\(text) is not in \(sequence.kind.rawValue)")
        }
        return .int(count)
    }

    private mutating func call(
        _ method: Method.DictionaryMethod,
        of dictionary: ValueDictionary,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        if method == .get {
            let bound = try arguments.bound(
                to: ["key", "default"],
                of: "get",
                required: 1,
                line: line
            )
            guard let key = try key(bound.value(0)) else {
                if bound.value(0).isUndefined { return bound.value(1) }
                throw fail("unhashable type: '\(bound.value(0).typeName)'")
            }
            return dictionary[key, bound.value(0)] ?? bound.value(1)
        }
        _ = try arguments.bound(to: [], of: method.rawValue, line: line)
        switch method {
        case .items: return try make(.items, pairs(of: dictionary))
        case .keys: return try make(.keys, dictionary.keys)
        case .values: return try make(.values, dictionary.values)
        case .copy, .get: return .dictionary(dictionary)
        }
    }

    /// The members of a dictionary as `(key, value)` tuples.
    mutating func pairs(of dictionary: ValueDictionary) throws(TemplateError) -> [Value] {
        var pairs: [Value] = []
        pairs.reserveCapacity(dictionary.count)
        for (key, value) in zip(dictionary.keys, dictionary.values) {
            pairs.append(try make(.tuple, [key, value]))
        }
        return pairs
    }
}
