/// The filters on lists and dictionaries.
extension Interpreter {
    mutating func applyToCollection(
        _ filter: Filter,
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        switch filter {
        case .join:
            let bound = try bind(arguments, filter, ["d", "attribute"])
            var items = try elements(of: input)
            if let path = bound[1] { items = try attributes(path, of: items) }
            let separator = try softText(bound[0] ?? .string(""))
            return try join(items, separator: separator, converting: true)
        case .list: return try make(.list, elements(of: input))
        case .first, .last: return try end(of: input, filter)
        case .items:
            if input.isUndefined { return try makeGenerator([]) }
            guard case .dictionary(let dictionary) = input else {
                throw fail("Can only get item pairs from a mapping.")
            }
            return try makeGenerator(pairs(of: dictionary))
        case .dictsort: return try dictsort(input, arguments)
        case .sort:
            let bound = try bind(arguments, filter, ["reverse", "case_sensitive", "attribute"])
            let items = try elements(of: input)
            let keys = try sortKeys(items, attribute: bound[2], ignoringCase: !bound.bool(1))
            return try make(.list, sorted(items, keys: keys, reverse: bound.bool(0)).values)
        case .unique: return try unique(input, arguments)
        case .min, .max: return try extreme(input, filter, arguments)
        case .sum: return try sum(input, arguments)
        case .reverse:
            if case .string(let text) = input {
                return try make(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            }
            return try makeGenerator(elements(of: input).reversed())
        case .map: return try map(input, arguments)
        case .select, .reject: return try select(input, arguments, keeping: filter == .select)
        case .selectattr, .rejectattr:
            return try selectAttribute(input, arguments, keeping: filter == .selectattr)
        case .attr:
            let name = try bind(arguments, filter, ["name"], required: 1).requiredString(0)
            if case .dictionary = input, Method(name, of: input) == nil {
                return .undefined(.attribute(name, ofType: "dict"))
            }
            return try attribute(name, of: input)
        case .batch: return try batch(input, arguments)
        case .slice: return try slice(input, arguments)
        case .groupby: return try groupBy(input, arguments)
        default: throw fail("no filter named '\(filter.rawValue)'")
        }
    }

    // MARK: Attributes

    /// The value at a path such as `function.name` or `0.role`, as `attribute=` means it.
    private mutating func attribute(
        path: Value,
        of value: Value
    ) throws(TemplateError) -> Value {
        guard case .string(let text) = path else { return try item(path, of: value) }
        try spend(bytes: text.utf8.count)
        var current = value
        for part in text.split(at: ".", limit: .max, fromEnd: false) {
            try spend(1)
            let isIndex = !part.isEmpty && part.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
            let key = isIndex ? Int(part).map(Value.int) : nil
            current = try item(key ?? .string(part), of: current)
        }
        return current
    }

    private mutating func attributes(
        _ path: Value,
        of items: [Value]
    ) throws(TemplateError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(items.count)
        for item in items { values.append(try attribute(path: path, of: item)) }
        return values
    }

    // MARK: Ends

    private mutating func end(of input: Value, _ filter: Filter) throws(TemplateError) -> Value {
        let missing = Value.undefined(
            .message("No \(filter.rawValue) item, sequence was empty.")
        )
        if case .generator(let generator) = input, filter == .first {
            return generator.takeFirst() ?? missing
        }
        if case .string(let text) = input {
            let scalar = filter == .first ? text.unicodeScalars.first : text.unicodeScalars.last
            return scalar.map { .string(String($0)) } ?? missing
        }
        let items = try elements(of: input)
        return (filter == .first ? items.first : items.last) ?? missing
    }

    // MARK: Order

    /// A stable sort by keys, and the old index of each element of the result.
    mutating func sorted(
        _ values: [Value],
        keys: [Value],
        reverse: Bool
    ) throws(TemplateError) -> (values: [Value], order: [Int]) {
        var order = Array(keys.indices)
        // Merge sort from the bottom up: `sort(by:)` cannot pass on a comparison's error.
        var width = 1
        while width < order.count {
            var merged: [Int] = []
            merged.reserveCapacity(order.count)
            var start = 0
            while start < order.count {
                let middle = min(start + width, order.count)
                let end = min(middle + width, order.count)
                var left = start
                var right = middle
                while left < middle || right < end {
                    try spend(1)
                    let takesRight: Bool
                    if left == middle {
                        takesRight = true
                    } else if right == end {
                        takesRight = false
                    } else if reverse {
                        takesRight = try compare(.less, keys[order[left]], keys[order[right]])
                    } else {
                        takesRight = try compare(.less, keys[order[right]], keys[order[left]])
                    }
                    merged.append(takesRight ? order[right] : order[left])
                    if takesRight { right += 1 } else { left += 1 }
                }
                start = end
            }
            order = merged
            width *= 2
        }
        return (order.map { values[$0] }, order)
    }

    /// What elements are compared by; texts in lower case unless case matters.
    ///
    /// A path with commas gives several keys.
    private mutating func sortKeys(
        _ items: [Value],
        attribute path: Value?,
        ignoringCase: Bool
    ) throws(TemplateError) -> [Value] {
        var keys = items
        if case .string(let text)? = path, text.containsText(",") {
            let paths = text.split(at: ",", limit: .max, fromEnd: false)
            keys = []
            for item in items {
                var parts: [Value] = []
                for path in paths {
                    let part = try attribute(path: .string(path), of: item)
                    parts.append(ignoringCase ? try lowercased(part) : part)
                }
                keys.append(try make(.list, parts))
            }
            return keys
        }
        if let path, !path.isNone { keys = try attributes(path, of: items) }
        return ignoringCase ? try lowercased(keys) : keys
    }

    /// A text in lower case, paid for; anything else as it is.
    private mutating func lowercased(_ value: Value) throws(TemplateError) -> Value {
        guard case .string(let text) = value else { return value }
        try spend(bytes: text.utf8.count)
        return .string(text.pythonLowercased)
    }

    private mutating func lowercased(_ values: [Value]) throws(TemplateError) -> [Value] {
        var result: [Value] = []
        result.reserveCapacity(values.count)
        for value in values { result.append(try lowercased(value)) }
        return result
    }

    private mutating func dictsort(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .dictsort, ["case_sensitive", "by", "reverse"])
        guard case .dictionary(let dictionary) = input else {
            throw fail("'\(input.typeName)' object has no attribute 'items'")
        }
        let by = try bound.string(1) ?? "key"
        guard by == "key" || by == "value" else {
            throw fail("You can only sort by either \"key\" or \"value\"")
        }
        var keys = by == "key" ? dictionary.keys : dictionary.values
        if !bound.bool(0) { keys = try lowercased(keys) }
        return try make(
            .list,
            sorted(pairs(of: dictionary), keys: keys, reverse: bound.bool(2)).values
        )
    }

    private mutating func unique(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .unique, ["case_sensitive", "attribute"])
        let items = try elements(of: input)
        let keys = try sortKeys(items, attribute: bound[1], ignoringCase: !bound.bool(0))
        var seen: Set<ValueDictionary.Key> = []
        var kept: [Value] = []
        for (item, keyValue) in zip(items, keys) {
            guard let key = try key(keyValue) else {
                throw fail("unhashable type: '\(keyValue.typeName)'")
            }
            if seen.insert(key).inserted { kept.append(item) }
        }
        return try makeGenerator(kept)
    }

    private mutating func extreme(
        _ input: Value,
        _ filter: Filter,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, filter, ["case_sensitive", "attribute"])
        let items = try elements(of: input)
        let keys = try sortKeys(items, attribute: bound[1], ignoringCase: !bound.bool(0))
        guard !items.isEmpty else {
            return .undefined(.message("No aggregated item, sequence was empty."))
        }
        var best = 0
        for index in items.indices.dropFirst() {
            let isBetter =
                filter == .min
                ? try compare(.less, keys[index], keys[best])
                : try compare(.greater, keys[index], keys[best])
            if isBetter { best = index }
        }
        return items[best]
    }

    private mutating func sum(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .sum, ["attribute", "start"])
        var items = try elements(of: input)
        if let path = bound[0], !path.isNone { items = try attributes(path, of: items) }
        var total = bound[1] ?? .int(0)
        if case .string = total { throw fail("sum() can't sum strings [use ''.join(seq) instead]") }
        for item in items { total = try arithmetic(.add, total, item) }
        return total
    }

    // MARK: Choosing

    private mutating func map(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let items = try elements(of: input)
        if arguments.positional.isEmpty {
            let bound = try bind(arguments, .map, ["attribute", "default"], required: 1)
            var values = try attributes(bound.value(0), of: items)
            if let replacement = bound[1] {
                for index in values.indices where values[index].isUndefined {
                    values[index] = replacement
                }
            }
            return try makeGenerator(values)
        }
        var rest = arguments
        let name = try softText(rest.positional.removeFirst())
        guard let filter = Filter(rawValue: name) else { throw fail("No filter named '\(name)'.") }
        var values: [Value] = []
        values.reserveCapacity(items.count)
        try enter()
        for item in items {
            try spend(1)
            values.append(try apply(filter, to: item, rest))
        }
        leave()
        return try makeGenerator(values)
    }

    private mutating func select(
        _ input: Value,
        _ arguments: CallArguments,
        keeping: Bool
    ) throws(TemplateError) -> Value {
        let items = try elements(of: input)
        return try makeGenerator(choose(items, by: items, arguments, keeping: keeping))
    }

    private mutating func selectAttribute(
        _ input: Value,
        _ arguments: CallArguments,
        keeping: Bool
    ) throws(TemplateError) -> Value {
        var rest = arguments
        guard !rest.positional.isEmpty else { throw fail("Missing parameter for attribute name") }
        let path = rest.positional.removeFirst()
        let items = try elements(of: input)
        let values = try attributes(path, of: items)
        return try makeGenerator(choose(items, by: values, rest, keeping: keeping))
    }

    /// The items whose value passes the test named by the first argument, or is true without one.
    private mutating func choose(
        _ items: [Value],
        by values: [Value],
        _ arguments: CallArguments,
        keeping: Bool
    ) throws(TemplateError) -> [Value] {
        var rest = arguments
        var test: ValueTest?
        if !rest.positional.isEmpty {
            let name = try softText(rest.positional.removeFirst())
            guard let known = ValueTest(name: name) else {
                throw fail("No test named '\(name)'.")
            }
            test = known
        }
        var kept: [Value] = []
        for (item, value) in zip(items, values) {
            try spend(1)
            let passes = if let test { try run(test, value, rest) } else { value.isTrue }
            if passes == keeping { kept.append(item) }
        }
        return kept
    }

    // MARK: Groups

    private mutating func batch(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .batch, ["linecount", "fill_with"], required: 1)
        let count = try bound.int(0) ?? 0
        guard count > 0 else { throw fail("batch: the count must be at least 1") }
        var batches: [Value] = []
        let items = try elements(of: input)
        for start in stride(from: 0, to: items.count, by: count) {
            var part = Array(items[start..<min(count, items.count - start) + start])
            if part.count < count, let fill = bound[1], !fill.isNone {
                try checkSize(count)
                part += Array(repeating: fill, count: count - part.count)
            }
            batches.append(try make(.list, part))
        }
        return try makeGenerator(batches)
    }

    private mutating func slice(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, .slice, ["slices", "fill_with"], required: 1)
        let count = try bound.int(0) ?? 0
        guard count > 0 else { throw fail("slice: the count must be at least 1") }
        let items = try elements(of: input)
        try spend(count)
        let longCount = items.count % count
        var slices: [Value] = []
        var start = 0
        for index in 0..<count {
            let end = start + items.count / count + (index < longCount ? 1 : 0)
            var part = Array(items[start..<end])
            if let fill = bound[1], !fill.isNone, index >= longCount { part.append(fill) }
            slices.append(try make(.list, part))
            start = end
        }
        return try makeGenerator(slices)
    }

    private mutating func groupBy(
        _ input: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(
            arguments,
            .groupby,
            ["attribute", "default", "case_sensitive"],
            required: 1
        )
        let items = try elements(of: input)
        var values = try attributes(bound.value(0), of: items)
        if let replacement = bound[1], !replacement.isNone {
            for index in values.indices where values[index].isUndefined {
                values[index] = replacement
            }
        }
        let keys = bound.bool(2) ? values : try lowercased(values)
        let order = try sorted(items, keys: keys, reverse: false).order
        var groups: [(key: Value, label: Value, items: [Value])] = []
        for index in order {
            if let last = groups.last, try equals(last.key, keys[index]) {
                groups[groups.count - 1].items.append(items[index])
            } else {
                groups.append((keys[index], values[index], [items[index]]))
            }
        }
        var result: [Value] = []
        for group in groups {
            result.append(try make(.tuple, [group.label, make(.list, group.items)]))
        }
        return try make(.list, result)
    }
}

extension Value {
    fileprivate var isNone: Bool {
        if case .none = self { true } else { false }
    }
}
