package import QuireJSON

/// The pre-tokenizer of a tokenizer.json: cuts a text into the pieces that are encoded one by one.
///
/// Nearly all byte-level models have one pattern that covers the text followed by a plain
/// ByteLevel step; that case is told apart (``Plan/direct(_:addsPrefixSpace:)``) and needs no list
/// of pieces. Everything else runs step by step over a ``PieceList``.
package struct PreTokenizer: Sendable {
    /// What becomes of the matches of a pattern.
    enum Behavior: String, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    enum PrependScheme: String, Sendable {
        case always, first, never
    }

    enum Step: Sendable {
        case split(SplitPattern, Behavior, isInverted: Bool)
        case byteLevel(addsPrefixSpace: Bool, usesPattern: Bool)
        case metaspace(replacement: [UInt8], PrependScheme, splits: Bool)
    }

    /// How pieces are found.
    enum Plan: Sendable {
        /// The text is one piece.
        case whole
        /// Matches of one pattern, one after the other, over the bytes of the text.
        case direct(SplitPattern)
        /// A list of pieces refined step by step.
        case steps
    }

    private(set) var steps: [Step] = []
    private(set) var plan = Plan.whole
    /// Whether pieces are to be read as bytes (the model's vocabulary is in the byte alphabet).
    private(set) var isByteLevel = false
    /// Whether a later step sees the byte alphabet, so that pieces really hold it.
    private(set) var mapsBytes = false

    /// Makes the pre-tokenizer that the JSON value describes; `null` leaves a text whole.
    package init(_ json: JSON, at path: String = "pre_tokenizer") throws(TokenizerError) {
        steps = try Self.steps(json, at: path)
        let byteLevels = steps.indices.filter { index in
            if case .byteLevel = steps[index] { true } else { false }
        }
        isByteLevel = !byteLevels.isEmpty
        mapsBytes = byteLevels.contains { $0 < steps.count - 1 }
        // What follows may cut the byte alphabet, but not add to it.
        let addsText = steps.drop { if case .byteLevel = $0 { false } else { true } }.dropFirst()
            .contains { if case .split = $0 { false } else { true } }
        guard !addsText else {
            throw .unsupported(path: path, component: "a pre-tokenizer that adds to ByteLevel")
        }
        if steps.count <= 2, byteLevels == [steps.count - 1],
            case .byteLevel(false, let usesPattern)? = steps.last
        {
            if steps.count == 1 {
                plan = usesPattern ? .direct(.gpt2) : .whole
            } else if case .split(let pattern, .isolated, false) = steps[0],
                pattern.coversAllText, !usesPattern
            {
                plan = .direct(pattern)
            } else {
                plan = .steps
            }
        } else {
            plan = steps.isEmpty ? .whole : .steps
        }
    }

    private static func steps(_ json: JSON, at path: String) throws(TokenizerError) -> [Step] {
        guard !json.isNull else { return [] }
        switch try json.requiredString("type", at: path) {
        case "Sequence":
            var steps: [Step] = []
            let members = try json.requiredArray("pretokenizers", at: path)
            for (index, member) in members.enumerated() {
                steps += try Self.steps(member, at: "\(path).pretokenizers[\(index)]")
            }
            return steps
        case "ByteLevel":
            return [
                .byteLevel(
                    addsPrefixSpace: try json.flag("add_prefix_space", default: true, at: path),
                    usesPattern: try json.flag("use_regex", default: true, at: path)
                )
            ]
        case "Split":
            return [
                .split(
                    try SplitPattern(json["pattern"], at: path),
                    try behavior(json, default: nil, at: path),
                    isInverted: try json.flag("invert", default: false, at: path)
                )
            ]
        case "Digits":
            let isIndividual = try json.flag("individual_digits", default: false, at: path)
            let behavior = isIndividual ? Behavior.isolated : .contiguous
            return [.split(.scalars(ScalarClasses.numbers), behavior, isInverted: false)]
        case "Punctuation":
            let behavior = try behavior(json, default: .isolated, at: path)
            return [.split(.punctuation, behavior, isInverted: false)]
        case "Whitespace":
            // Its engine counts the two joiners as parts of words.
            let word = #"\p{Word}\u200C\u200D"#
            let pattern = try SplitPattern(regex: "[\(word)]+|[^\(word)\\s]+", at: path)
            return [.split(pattern, .removed, isInverted: true)]
        case "WhitespaceSplit":
            return [.split(.scalars(ScalarClasses.whitespace), .removed, isInverted: false)]
        case "CharDelimiterSplit":
            let delimiter = try json.requiredString("delimiter", at: path).unicodeScalars
            guard let scalar = delimiter.first, delimiter.count == 1 else {
                throw .invalid(path: path, reason: "delimiter must be one character")
            }
            return [.split(.scalar(scalar.value), .removed, isInverted: false)]
        case "Metaspace": return [try metaspace(json, at: path)]
        case let other: throw .unsupported(path: path, component: "pre-tokenizer \(other)")
        }
    }

    private static func behavior(
        _ json: JSON,
        default behavior: Behavior?,
        at path: String
    ) throws(TokenizerError) -> Behavior {
        if let name = try json.optionalString("behavior", at: path) {
            guard let behavior = Behavior(rawValue: name) else {
                throw .unsupported(path: path, component: "behavior \(name)")
            }
            return behavior
        }
        guard let behavior else { throw .invalid(path: path, reason: "behavior is missing") }
        return behavior
    }

    private static func metaspace(_ json: JSON, at path: String) throws(TokenizerError) -> Step {
        let replacement = try json.optionalString("replacement", at: path) ?? "\u{2581}"
        guard replacement.unicodeScalars.count == 1 else {
            throw .invalid(path: path, reason: "replacement must be one character")
        }
        return .metaspace(
            replacement: Array(replacement.utf8),
            try prependScheme(json, at: path),
            splits: try json.flag("split", default: true, at: path)
        )
    }

    /// The scheme of a Metaspace component; older files have a flag instead.
    static func prependScheme(_ json: JSON, at path: String) throws(TokenizerError) -> PrependScheme
    {
        if let name = try json.optionalString("prepend_scheme", at: path) {
            guard let scheme = PrependScheme(rawValue: name) else {
                throw .unsupported(path: path, component: "prepend_scheme \(name)")
            }
            return scheme
        }
        return try json.flag("add_prefix_space", default: true, at: path) ? .always : .never
    }

    /// Cuts a text into pieces; `isAtStart` says that nothing came before it.
    func pieces(of text: Span<UInt8>, isAtStart: Bool) -> PieceList {
        var list = PieceList(text)
        for (index, step) in steps.enumerated() {
            switch step {
            case .split(let pattern, let behavior, let isInverted):
                list.split(by: pattern, behavior, isInverted: isInverted)
            case .byteLevel(let addsPrefixSpace, let usesPattern):
                if addsPrefixSpace { list.prepend([0x20], toFirstOnly: false) }
                if usesPattern { list.split(by: .gpt2, .isolated, isInverted: false) }
                if mapsBytes, index == byteLevelIndex { list.mapBytes() }
            case .metaspace(let replacement, let scheme, let splits):
                list.replaceSpaces(by: replacement)
                switch scheme {
                case .always: list.prepend(replacement, toFirstOnly: false)
                case .first: if isAtStart { list.prepend(replacement, toFirstOnly: true) }
                case .never: break
                }
                if splits {
                    list.split(by: .literal(replacement), .mergedWithNext, isInverted: false)
                }
            }
        }
        return list
    }

    private var byteLevelIndex: Int? {
        steps.firstIndex { if case .byteLevel = $0 { true } else { false } }
    }

    /// The pieces of a whole string as text; for byte-level ones in the byte alphabet.
    package func pieces(of text: String) -> [String] {
        let bytes = Array(text.utf8)
        var list = pieces(of: bytes.span, isAtStart: true)
        if isByteLevel, !mapsBytes { list.mapBytes() }
        return list.ranges.map { String(decoding: list.bytes[$0], as: UTF8.self) }
    }
}
