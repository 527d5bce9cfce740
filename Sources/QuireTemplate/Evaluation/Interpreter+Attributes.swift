/// `value.name` and `value[key]`, with Jinja's order of look-ups: a dot finds methods first, then
/// keys; brackets the other way round. There is nothing else to reach: values are data.
extension Interpreter {
    mutating func attribute(_ name: String, of value: Value) throws(TemplateError) -> Value {
        if let found = try member(name, of: value) { return found }
        if case .dictionary(let dictionary) = value, let found = dictionary[name] { return found }
        return missing(name, of: value)
    }

    mutating func item(_ key: Value, of value: Value) throws(TemplateError) -> Value {
        switch value {
        case .dictionary(let dictionary):
            if let hashed = try self.key(key), let found = dictionary[hashed, key] { return found }
        case .sequence(let sequence) where sequence.isIndexable:
            if let index = key.integer.flatMap({ Self.index($0, count: sequence.elements.count) }) {
                return sequence.elements[index]
            }
        case .string(let text):
            if let integer = key.integer {
                try spend(bytes: text.utf8.count)
                if let character = Self.character(integer, of: text) { return .string(character) }
            }
        case .undefined(let undefined): throw fail(undefined.message)
        default: break
        }
        guard case .string(let name) = key else {
            return .undefined(.element(try representation(of: key), ofType: describe(value)))
        }
        return try member(name, of: value) ?? missing(name, of: value)
    }

    /// What Python's `getattr` finds: methods and attributes, not keys.
    private func member(_ name: String, of value: Value) throws(TemplateError) -> Value? {
        if let method = Method(name, of: value) { return .method(BoundMethod(value, method)) }
        switch value {
        case .undefined(let undefined): throw fail(undefined.message)
        case .namespace(let namespace): return namespace[name]
        case .loop(let loop): return loop.attribute(name)
        case .macro(let macro): return name == "name" ? .string(macro.definition.name) : nil
        case .cycler(let cycler) where name == "current": return cycler.values[cycler.position]
        default: return nil
        }
    }

    private func missing(_ name: String, of value: Value) -> Value {
        if Method.isUnsafe(name, of: value) {
            return .undefined(.unsafe(name, ofType: value.typeName))
        }
        return .undefined(.attribute(name, ofType: describe(value)))
    }

    private func describe(_ value: Value) -> String {
        if case .none = value { "None" } else { value.typeName }
    }

    /// A Python index, negative from the end; `nil` if there is no such element.
    static func index(_ index: Int, count: Int) -> Int? {
        let positive = index < 0 ? index + count : index
        return positive >= 0 && positive < count ? positive : nil
    }

    private static func character(_ index: Int, of text: String) -> String? {
        let count = text.utf8.count
        let scalarCount = text.scalarCount
        guard let index = Self.index(index, count: scalarCount) else { return nil }
        if scalarCount == count { return text.slice(index..<index + 1) }
        let start = text.byteOffset(ofScalar: index)
        let rest = text.slice(start..<count)
        return rest.slice(0..<rest.byteOffset(ofScalar: 1))
    }

    // MARK: Slices

    mutating func evaluateSlice(
        _ base: Expression,
        _ start: Expression?,
        _ stop: Expression?,
        _ step: Expression?
    ) throws(TemplateError) -> Value {
        let value = try evaluate(base)
        let start = try slicePart(start)
        let stop = try slicePart(stop)
        let step = try slicePart(step) ?? 1
        guard step != 0 else { throw fail("slice step cannot be zero") }
        switch value {
        case .string(let text):
            try spend(bytes: text.utf8.count)
            return try make(Self.slice(text, start, stop, step))
        case .sequence(let sequence) where sequence.isIndexable:
            let kind = sequence.kind == .tuple ? ValueSequence.Kind.tuple : .list
            let elements = sequence.elements
            let range = Self.sliceBounds(start, stop, step, count: elements.count)
            if step == 1 { return try make(kind, Array(elements[range.start..<range.stop])) }
            return try make(kind, Self.indices(range, step).map { elements[$0] })
        case .undefined(let undefined): throw fail(undefined.message)
        default: throw fail("'\(value.typeName)' object is not subscriptable")
        }
    }

    private mutating func slicePart(_ part: Expression?) throws(TemplateError) -> Int? {
        guard let part else { return nil }
        let value = try evaluate(part)
        if case .none = value { return nil }
        guard let integer = value.integer else {
            throw fail("slice indices must be integers or None")
        }
        return integer
    }

    private static func slice(_ text: String, _ start: Int?, _ stop: Int?, _ step: Int) -> String {
        let byteCount = text.utf8.count
        let count = text.scalarCount
        let range = sliceBounds(start, stop, step, count: count)
        if step == 1 {
            guard count != byteCount else { return text.slice(range.start..<range.stop) }
            let lower = text.byteOffset(ofScalar: range.start)
            let rest = text.slice(lower..<byteCount)
            return rest.slice(0..<rest.byteOffset(ofScalar: range.stop - range.start))
        }
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for index in indices(range, step) { result.append(scalars[index]) }
        return String(result)
    }

    /// Python's `slice.indices`.
    ///
    /// For a step of 1, `start <= stop`.
    private static func sliceBounds(
        _ start: Int?,
        _ stop: Int?,
        _ step: Int,
        count: Int
    ) -> (start: Int, stop: Int) {
        let lowest = step > 0 ? 0 : -1
        let highest = step > 0 ? count : count - 1
        func clamp(_ index: Int) -> Int {
            min(max(index < 0 ? index + count : index, lowest), highest)
        }
        let first = start.map(clamp) ?? (step > 0 ? lowest : highest)
        let last = stop.map(clamp) ?? (step > 0 ? highest : lowest)
        return (first, step > 0 ? max(first, last) : last)
    }

    private static func indices(_ range: (start: Int, stop: Int), _ step: Int) -> [Int] {
        Array(stride(from: range.start, to: range.stop, by: step))
    }
}
