/// The methods of Python's `str`.
enum StringMethod: String, CaseIterable {
    case capitalize, casefold, center, count, endswith, expandtabs, find, format, index, isalnum
    case isalpha, isascii, isdecimal, isdigit, islower, isnumeric, isprintable, isspace, istitle
    case isupper, join, ljust, lower, lstrip, partition, removeprefix, removesuffix, replace, rfind
    case rindex, rjust, rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase
    case title, upper, zfill
}

extension Interpreter {
    mutating func call(
        _ method: StringMethod,
        of text: String,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        try spend(bytes: text.utf8.count)
        switch method {
        case .strip, .lstrip, .rstrip:
            let bound = try bind(arguments, method, ["chars"])
            return .string(
                text.stripped(
                    try bound.string(0),
                    leading: method != .rstrip,
                    trailing: method != .lstrip
                )
            )
        case .startswith, .endswith: return .bool(try hasAffix(text, method, arguments))
        case .split, .rsplit: return try split(text, method, arguments)
        case .splitlines:
            let bound = try bind(arguments, method, ["keepends"])
            return try makeTexts(text.pythonLines(keepingEnds: bound.bool(0)))
        case .partition, .rpartition: return try partition(text, method, arguments)
        case .replace: return try replace(text, arguments)
        case .join:
            let bound = try bind(arguments, method, ["iterable"], required: 1)
            return try join(elements(of: bound.value(0)), separator: text)
        case .find, .rfind, .index, .rindex, .count: return try search(text, method, arguments)
        case .removeprefix, .removesuffix:
            let affix = try bind(arguments, method, ["affix"], required: 1).requiredString(0)
            guard text.hasAffix(affix, atEnd: method == .removesuffix) else { return .string(text) }
            let count = text.utf8.count
            let length = affix.utf8.count
            return .string(
                text.slice(method == .removeprefix ? length..<count : 0..<count - length)
            )
        case .center, .ljust, .rjust, .zfill: return try pad(text, method, arguments)
        case .expandtabs:
            let bound = try bind(arguments, method, ["tabsize"])
            return try make(text.expandingTabs(try tabSize(bound.int(0) ?? 8, text)))
        case .format: return try formatBraces(text, arguments)
        case .lower, .casefold, .upper, .title, .capitalize, .swapcase:
            _ = try bind(arguments, method, [])
            return try make(text.changingCase(method))
        default:
            _ = try bind(arguments, method, [])
            return .bool(text.isAll(method))
        }
    }

    private func bind(
        _ arguments: CallArguments,
        _ method: StringMethod,
        _ parameters: [String],
        required: Int = 0
    ) throws(TemplateError) -> BoundArguments {
        try arguments.bound(to: parameters, of: method.rawValue, required: required, line: line)
    }

    /// A list of texts.
    mutating func makeTexts(_ texts: [String]) throws(TemplateError) -> Value {
        try make(.list, texts.map { .string($0) })
    }

    private mutating func hasAffix(
        _ text: String,
        _ method: StringMethod,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Bool {
        let bound = try bind(arguments, method, ["prefix", "start", "end"], required: 1)
        let part = try subrange(text, bound.int(1), bound.int(2))
        guard let part else { return false }
        let subject = text.slice(part)
        guard case .sequence(let sequence) = bound.value(0), sequence.kind == .tuple else {
            return subject.hasAffix(try bound.requiredString(0), atEnd: method == .endswith)
        }
        for case .string(let affix) in sequence.elements {
            try spend(bytes: min(affix.utf8.count, subject.utf8.count))
            if subject.hasAffix(affix, atEnd: method == .endswith) { return true }
        }
        return false
    }

    /// The bytes of `text[start:end]`; `nil` if it lies outside.
    private func subrange(
        _ text: String,
        _ start: Int?,
        _ end: Int?
    ) throws(TemplateError) -> Range<Int>? {
        guard start != nil || end != nil else { return 0..<text.utf8.count }
        let count = text.scalarCount
        func clamp(_ index: Int) -> Int { index < 0 ? max(index + count, 0) : min(index, count) }
        guard start ?? 0 <= count else { return nil }
        let lower = clamp(start ?? 0)
        let upper = clamp(end ?? count)
        guard lower <= upper else { return nil }
        return text.byteOffset(ofScalar: lower)..<text.byteOffset(ofScalar: upper)
    }

    private mutating func split(
        _ text: String,
        _ method: StringMethod,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, method, ["sep", "maxsplit"])
        let limit = try bound.int(1) ?? -1
        let isReverse = method == .rsplit
        guard let separator = try bound.string(0) else {
            return try makeTexts(
                text.splitAtWhitespace(limit: limit < 0 ? .max : limit, fromEnd: isReverse)
            )
        }
        guard !separator.isEmpty else { throw fail("empty separator") }
        return try makeTexts(
            text.split(at: separator, limit: limit < 0 ? .max : limit, fromEnd: isReverse)
        )
    }

    private mutating func partition(
        _ text: String,
        _ method: StringMethod,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let separator = try bind(arguments, method, ["sep"], required: 1).requiredString(0)
        guard !separator.isEmpty else { throw fail("empty separator") }
        let isReverse = method == .rpartition
        var parts = text.split(at: separator, limit: 1, fromEnd: isReverse)
        if parts.count == 2 {
            parts.insert(separator, at: 1)
        } else {
            parts = isReverse ? ["", "", text] : [text, "", ""]
        }
        return try make(.tuple, parts.map { .string($0) })
    }

    private mutating func replace(
        _ text: String,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, StringMethod.replace, ["old", "new", "count"], required: 2)
        let limit = try bound.int(2) ?? -1
        return try replacing(
            text,
            try bound.requiredString(0),
            with: try bound.requiredString(1),
            limit: limit < 0 ? .max : limit
        )
    }

    /// Replaces, after checking that the result cannot become too long.
    mutating func replacing(
        _ text: String,
        _ old: String,
        with new: String,
        limit: Int
    ) throws(TemplateError) -> Value {
        let byteCount = text.utf8.count
        if new.utf8.count > old.utf8.count {
            let places = min(byteCount / max(old.utf8.count, 1) + 1, limit)
            let (growth, overflows) = places.multipliedReportingOverflow(
                by: new.utf8.count - old.utf8.count
            )
            // Only if it could be too long is it worth counting how often it occurs.
            if overflows || growth > limits.outputBytesMax - byteCount, !old.isEmpty {
                let count = min(text.occurrences(of: old), limit)
                let (growth, overflows) = count.multipliedReportingOverflow(
                    by: new.utf8.count - old.utf8.count
                )
                try checkSize(overflows ? .max : growth)
            } else if old.isEmpty {
                try checkSize(overflows ? .max : growth)
            }
        }
        return try make(text.replacing(text: old, with: new, limit: limit))
    }

    /// The texts with a separator between them.
    mutating func join(
        _ elements: [Value],
        separator: String,
        converting: Bool = false
    ) throws(TemplateError) -> Value {
        var bytes: [UInt8] = []
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(contentsOf: separator.utf8) }
            if case .string(let text) = element {
                bytes.append(contentsOf: text.utf8)
            } else if converting {
                try append(element, to: &bytes)
            } else {
                throw fail(
                    "sequence item \(index): expected str instance, \(element.typeName) found"
                )
            }
            try checkSize(bytes.count)
        }
        return try make(String(decoding: bytes, as: UTF8.self))
    }

    private mutating func search(
        _ text: String,
        _ method: StringMethod,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, method, ["sub", "start", "end"], required: 1)
        let needle = try bound.requiredString(0)
        let range = try subrange(text, bound.int(1), bound.int(2))
        if method == .count {
            return .int(range.map { text.slice($0).occurrences(of: needle) } ?? 0)
        }
        let found = range.flatMap { range in
            method == .find || method == .index
                ? text.firstOffset(of: needle, in: range) : text.lastOffset(of: needle, in: range)
        }
        if let found { return .int(text.slice(0..<found).scalarCount) }
        if method == .find || method == .rfind { return .int(-1) }
        throw fail("substring not found")
    }

    private mutating func pad(
        _ text: String,
        _ method: StringMethod,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try bind(arguments, method, ["width", "fillchar"], required: 1)
        let width = max(try bound.int(0) ?? 0, 0)
        let fill = method == .zfill ? "0" : try bound.string(1) ?? " "
        guard fill.scalarCount == 1 else {
            throw fail("the fill character must be exactly one character long")
        }
        try checkSize(width)
        let missing = width - text.scalarCount
        guard missing > 0 else { return .string(text) }
        func padding(_ count: Int) -> String { String(repeating: fill, count: count) }
        switch method {
        case .ljust: return try make(text + padding(missing))
        case .rjust: return try make(padding(missing) + text)
        case .center:
            let left = missing / 2 + (missing & width & 1)
            return try make(padding(left) + text + padding(missing - left))
        default:
            guard text.hasPrefix("-") || text.hasPrefix("+") else {
                return try make(padding(missing) + text)
            }
            return try make(text.slice(0..<1) + padding(missing) + text.slice(1..<text.utf8.count))
        }
    }

    private func tabSize(_ size: Int, _ text: String) throws(TemplateError) -> Int {
        let tabs = text.utf8.count { $0 == UInt8(ascii: "\t") }
        let (growth, overflows) = tabs.multipliedReportingOverflow(by: max(size, 0))
        try checkSize(overflows ? .max : growth)
        return size
    }
}
