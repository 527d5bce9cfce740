/// One part of a regular expression.
indirect enum RegexNode {
    /// What a quantifier prefers.
    enum Preference { case greedy, lazy, possessive }

    case empty
    case set(RegexSet)
    case sequence([RegexNode])
    case choice([RegexNode])
    case repetition(RegexNode, min: Int, max: Int?, Preference)
    case lookahead(RegexSet, isNegative: Bool)
    case textStart
    case textEnd
    case lineStart
    case lineEnd
}

/// A set of scalars: a character, a class, or any combination in brackets.
struct RegexSet: Sendable {
    var mask: ScalarClasses.Mask = 0
    var ranges: [ClosedRange<UInt32>] = []
    var nested: [RegexSet] = []
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: UInt32) -> Bool {
        if isMember(scalar) { return true }
        guard ignoresCase, !isNegated, let variants = Self.caseVariants(of: scalar) else {
            return false
        }
        return variants.contains { isMember($0) }
    }

    private func isMember(_ scalar: UInt32) -> Bool {
        let isListed =
            mask != 0 && Span<UInt8>.classes(of: scalar) & mask != 0
            || ranges.contains { $0.contains(scalar) }
            || nested.contains { $0.contains(scalar) }
        return isListed != isNegated
    }

    private static func caseVariants(of scalar: UInt32) -> [UInt32]? {
        guard let properties = Unicode.Scalar(scalar)?.properties else { return nil }
        var variants: [UInt32] = []
        for mapping in [properties.lowercaseMapping, properties.uppercaseMapping] {
            let scalars = mapping.unicodeScalars
            if scalars.count == 1, let first = scalars.first {
                variants.append(first.value)
                // The long s and the Kelvin sign meet s and k only by way of upper or lower case.
                let back = first.properties.lowercaseMapping.unicodeScalars
                if back.count == 1, let again = back.first { variants.append(again.value) }
            }
        }
        return variants
    }
}

/// Parses the part of Oniguruma's syntax that split patterns are written in.
///
/// What it does not know (look-behind, back-references, scripts) is an error that names it, never
/// a silent mismatch. Nesting is bounded.
struct RegexParser {
    private let source: [Unicode.Scalar]
    private var index = 0
    private let path: String
    private var depth = 0
    private static let depthMax = 32
    /// Quantifiers behind one another, as in `a?*`: each nests the tree by one level.
    private static let quantifiersMax = 16

    init(_ source: String, at path: String) {
        self.source = Array(source.unicodeScalars)
        self.path = path
    }

    mutating func parse() throws(TokenizerError) -> RegexNode {
        let node = try parseChoice(ignoresCase: false)
        guard index == source.count else { throw unsupported("an unmatched )") }
        return node
    }

    private func unsupported(_ what: String) -> TokenizerError {
        .unsupported(path: path, component: "regular expression with \(what)")
    }

    private var next: Unicode.Scalar? { index < source.count ? source[index] : nil }

    private mutating func take(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        guard source.count - index >= scalars.count,
            source[index..<index + scalars.count].elementsEqual(scalars)
        else { return false }
        index += scalars.count
        return true
    }

    private mutating func parseChoice(ignoresCase: Bool) throws(TokenizerError) -> RegexNode {
        guard depth < Self.depthMax else { throw unsupported("groups nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        var choices = [try parseSequence(ignoresCase: ignoresCase)]
        while take("|") { choices.append(try parseSequence(ignoresCase: ignoresCase)) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func parseSequence(ignoresCase: Bool) throws(TokenizerError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let atom = try parseAtom(ignoresCase: ignoresCase)
            nodes.append(try parseQuantifiers(of: atom))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func parseAtom(ignoresCase: Bool) throws(TokenizerError) -> RegexNode {
        let scalar = source[index]
        switch scalar {
        case "(": return try parseGroup(ignoresCase: ignoresCase)
        case "[":
            index += 1
            return .set(try parseBracket(ignoresCase: ignoresCase))
        case "*", "+", "?": throw unsupported("a quantifier of nothing")
        case ".":
            index += 1
            return .set(RegexSet(ranges: [0x0A...0x0A], isNegated: true))
        case "^":
            index += 1
            return .lineStart
        case "$":
            index += 1
            return .lineEnd
        case "\\":
            if take("\\A") { return .textStart }
            if take("\\z") { return .textEnd }
            var set = try parseEscape()
            set.ignoresCase = ignoresCase
            return .set(set)
        default:
            index += 1
            return .set(RegexSet(ranges: [scalar.value...scalar.value], ignoresCase: ignoresCase))
        }
    }

    private mutating func parseGroup(ignoresCase: Bool) throws(TokenizerError) -> RegexNode {
        index += 1
        if take("?!") { return try parseLookahead(isNegative: true, ignoresCase: ignoresCase) }
        if take("?=") { return try parseLookahead(isNegative: false, ignoresCase: ignoresCase) }
        var ignoresCase = ignoresCase
        if take("?i:") {
            ignoresCase = true
        } else if take("?-i:") {
            ignoresCase = false
        } else if !take("?:"), next == "?" {
            throw unsupported(
                "a group (?\(index + 1 < source.count ? String(source[index + 1]) : "")"
            )
        }
        let node = try parseChoice(ignoresCase: ignoresCase)
        guard take(")") else { throw unsupported("an unmatched (") }
        return node
    }

    /// Look-ahead of one character only, so that a search stays linear.
    private mutating func parseLookahead(
        isNegative: Bool,
        ignoresCase: Bool
    ) throws(TokenizerError) -> RegexNode {
        let body = try parseChoice(ignoresCase: ignoresCase)
        guard take(")") else { throw unsupported("an unmatched (") }
        switch body {
        case .set(let set): return .lookahead(set, isNegative: isNegative)
        case .textEnd where !isNegative: return .textEnd
        default: throw unsupported("look-ahead of more than one character")
        }
    }

    private mutating func parseQuantifiers(
        of atom: RegexNode
    ) throws(TokenizerError) -> RegexNode {
        var node = atom
        var count = 0
        while let scalar = next {
            var isInterval = false
            let bounds: (min: Int, max: Int?)
            switch scalar {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let interval = try parseInterval() else { return node }
                bounds = interval
                isInterval = true
            default: return node
            }
            count += 1
            guard count <= Self.quantifiersMax else { throw unsupported("stacked quantifiers") }
            if !isInterval { index += 1 }
            var preference = RegexNode.Preference.greedy
            if take("?") {
                preference = .lazy
            } else if !isInterval, take("+") {
                preference = .possessive
                guard case .set = node else { throw unsupported("a possessive group") }
            }
            node = .repetition(node, min: bounds.min, max: bounds.max, preference)
        }
        return node
    }

    /// `{n}`, `{n,}`, `{n,m}` or `{,m}`; `nil` if the brace is a plain character, which is then
    /// the next atom.
    private mutating func parseInterval() throws(TokenizerError) -> (min: Int, max: Int?)? {
        let start = index
        index += 1
        let low = parseNumber()
        var high = low
        if take(",") { high = parseNumber() }
        guard take("}"), low != nil || high != nil else {
            index = start
            throw unsupported("a brace that is not a quantifier")
        }
        if let low, let high, low > high { throw unsupported("an empty interval") }
        if max(low ?? 0, high ?? 0) > 1000 { throw unsupported("an interval beyond 1000") }
        return (low ?? 0, high)
    }

    private mutating func parseNumber() -> Int? {
        var value: Int?
        while let scalar = next, scalar >= "0", scalar <= "9" {
            value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1_000_000)
            index += 1
        }
        return value
    }

    /// What follows a `[`, to its `]`.
    private mutating func parseBracket(ignoresCase: Bool) throws(TokenizerError) -> RegexSet {
        guard depth < Self.depthMax else { throw unsupported("classes nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        var set = RegexSet(isNegated: take("^"), ignoresCase: ignoresCase)
        var isFirst = true
        while true {
            guard let scalar = next else { throw unsupported("an unmatched [") }
            if scalar == "]", !isFirst {
                index += 1
                return set
            }
            isFirst = false
            if take("&&") { throw unsupported("an intersection of classes") }
            if scalar == "[" {
                if take("[:") { throw unsupported("a POSIX class") }
                index += 1
                set.nested.append(try parseBracket(ignoresCase: ignoresCase))
                continue
            }
            try parseBracketItem(into: &set)
        }
    }

    private mutating func parseBracketItem(into set: inout RegexSet) throws(TokenizerError) {
        let item = try parseBracketScalar()
        guard let low = item.single else {
            set.nested.append(item)
            return
        }
        // A hyphen is a range unless the class ends after it.
        guard next == "-", index + 1 < source.count, source[index + 1] != "]" else {
            set.ranges.append(low...low)
            return
        }
        index += 1
        let high = try parseBracketScalar()
        guard let high = high.single, high >= low else {
            throw unsupported("a range that is not of two characters in order")
        }
        set.ranges.append(low...high)
    }

    private mutating func parseBracketScalar() throws(TokenizerError) -> RegexSet {
        guard let scalar = next else { throw unsupported("an unmatched [") }
        if scalar == "\\" { return try parseEscape() }
        index += 1
        return RegexSet(ranges: [scalar.value...scalar.value])
    }

    /// A backslash and what it escapes.
    private mutating func parseEscape() throws(TokenizerError) -> RegexSet {
        index += 1
        guard let scalar = next else { throw unsupported("a backslash at its end") }
        index += 1
        func one(_ value: UInt32) -> RegexSet { RegexSet(ranges: [value...value]) }
        switch scalar {
        case "s": return RegexSet(mask: ScalarClasses.whitespace)
        case "S": return RegexSet(mask: ScalarClasses.whitespace, isNegated: true)
        case "d": return RegexSet(mask: ScalarClasses.decimalNumber)
        case "D": return RegexSet(mask: ScalarClasses.decimalNumber, isNegated: true)
        case "w": return Self.word(isNegated: false)
        case "W": return Self.word(isNegated: true)
        case "r": return one(0x0D)
        case "n": return one(0x0A)
        case "t": return one(0x09)
        case "f": return one(0x0C)
        case "v": return one(0x0B)
        case "p", "P": return try parseProperty(isNegated: scalar == "P")
        case "x": return one(try parseHex(digits: 2))
        case "u": return one(try parseHex(digits: 4))
        default:
            let isLetterOrDigit = Span<UInt8>.classes(of: scalar.value) & ScalarClasses.word != 0
            guard !isLetterOrDigit || scalar == "_" else {
                throw unsupported("\\\(scalar)")
            }
            return one(scalar.value)
        }
    }

    /// Oniguruma's `\w` also holds what Latin-1 has of numbers: ² ³ ¹ ¼ ½ ¾.
    private static func word(isNegated: Bool) -> RegexSet {
        RegexSet(
            mask: ScalarClasses.word,
            ranges: [0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE],
            isNegated: isNegated
        )
    }

    private mutating func parseProperty(isNegated: Bool) throws(TokenizerError) -> RegexSet {
        guard take("{") else { throw unsupported("\\p without a brace") }
        var isNegated = isNegated
        if take("^") { isNegated.toggle() }
        var name = ""
        while let scalar = next, scalar != "}" {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        guard take("}"), let mask = ScalarClasses.mask(named: name) else {
            throw unsupported("\\p{\(name)}")
        }
        return RegexSet(mask: mask, isNegated: isNegated)
    }

    private mutating func parseHex(digits: Int) throws(TokenizerError) -> UInt32 {
        let isBraced = take("{")
        let limit = isBraced ? 8 : digits
        var text = ""
        while text.unicodeScalars.count < limit, let scalar = next,
            scalar.properties.isASCIIHexDigit
        {
            text.unicodeScalars.append(scalar)
            index += 1
        }
        guard let value = UInt32(text, radix: 16), value <= 0x10FFFF, !isBraced || take("}") else {
            throw unsupported("a malformed \\x or \\u")
        }
        return value
    }
}

extension RegexSet {
    /// The one character that the set holds, if it is that simple.
    fileprivate var single: UInt32? {
        guard mask == 0, nested.isEmpty, !isNegated, ranges.count == 1,
            ranges[0].lowerBound == ranges[0].upperBound
        else { return nil }
        return ranges[0].lowerBound
    }
}
