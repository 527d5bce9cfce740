import QuireJSON

/// The decoder of a tokenizer.json: how tokens become text.
///
/// The format's decoders work on lists of whole strings. The chains that models use all have the
/// same shape, which is told apart here so that text can come out token by token:
///
///     per token            how tokens join                     the whole text
///     Replace, Strip,   →  ByteLevel: bytes of characters   →  Strip at its start
///     Metaspace            ByteFallback: runs of <0xXX>
///
/// A chain that does not fit is an error when the file is loaded.
struct TokenDecoder: Sendable {
    /// A step that looks at one token at a time.
    enum Step: Sendable {
        case replace(SplitPattern, content: [UInt8])
        case strip(content: [UInt8], start: Int, stop: Int)
        /// Replacement to space; the first token of a text loses its replacements instead.
        case metaspace(replacement: [UInt8], stripsFirst: Bool)
        /// A space before each token but the first.
        case join
    }

    /// How tokens join.
    enum Assembly: Sendable {
        /// Each token is whole text.
        case texts
        /// Tokens are in the byte alphabet; characters may span tokens.
        case byteLevel
        /// A run of `<0xXX>` tokens is text if it is valid as a whole, else a U+FFFD per byte.
        case byteFallback
    }

    private(set) var steps: [Step] = []
    private(set) var assembly = Assembly.texts
    /// What the text may begin with and lose, and how often at most.
    private(set) var leadingContent: [UInt8] = []
    private(set) var leadingCount = 0
    private var isFused = false

    /// Makes the decoder that the JSON value describes; `null` joins tokens by spaces.
    init(_ json: JSON, at path: String = "decoder") throws(TokenizerError) {
        if json.isNull {
            steps = [.join]
        } else {
            try add(json, at: path)
        }
    }

    /// Whether the first token of a text is treated like no other.
    var treatsFirstApart: Bool {
        steps.contains { step in
            switch step {
            case .metaspace(_, let stripsFirst): stripsFirst
            case .join: true
            case .replace, .strip: false
            }
        }
    }

    private mutating func add(_ json: JSON, at path: String) throws(TokenizerError) {
        let type = try json.requiredString("type", at: path)
        switch type {
        case "Sequence":
            for (index, member) in try json.requiredArray("decoders", at: path).enumerated() {
                try add(member, at: "\(path).decoders[\(index)]")
            }
        case "Replace":
            try requirePerToken(type, at: path)
            let content = Array(try json.requiredString("content", at: path).utf8)
            steps.append(.replace(try SplitPattern(json["pattern"], at: path), content: content))
        case "Metaspace":
            try requirePerToken(type, at: path)
            let replacement = try json.optionalString("replacement", at: path) ?? "\u{2581}"
            let scheme = try PreTokenizer.prependScheme(json, at: path)
            steps.append(
                .metaspace(replacement: Array(replacement.utf8), stripsFirst: scheme != .never)
            )
        case "ByteLevel":
            try requirePerToken(type, at: path)
            assembly = .byteLevel
            isFused = true
        case "ByteFallback":
            try requirePerToken(type, at: path)
            assembly = .byteFallback
        case "Fuse": isFused = true
        case "Strip": try addStrip(json, at: path)
        default: throw .unsupported(path: path, component: "decoder \(type)")
        }
    }

    private func requirePerToken(_ type: String, at path: String) throws(TokenizerError) {
        guard case .texts = assembly, !isFused else {
            throw .unsupported(path: path, component: "decoder \(type) after tokens are joined")
        }
    }

    private mutating func addStrip(_ json: JSON, at path: String) throws(TokenizerError) {
        let content = Array(try json.requiredString("content", at: path).utf8)
        let start = try json.integer("start", default: 0, at: path)
        let stop = try json.integer("stop", default: 0, at: path)
        guard start >= 0, stop >= 0, !content.isEmpty else {
            throw .invalid(path: path, reason: "start and stop must be counts, content a character")
        }
        guard isFused else {
            try requirePerToken("Strip", at: path)
            steps.append(.strip(content: content, start: start, stop: stop))
            return
        }
        guard stop == 0, leadingCount == 0 else {
            throw .unsupported(path: path, component: "decoder Strip at the end of the text")
        }
        leadingContent = content
        leadingCount = start
    }

    /// Appends what the steps make of one token.
    func appendText(of token: Span<UInt8>, isFirst: Bool, to output: inout [UInt8]) {
        if steps.isEmpty {
            output.append(token, from: 0, to: token.count)
        } else if case .replace(.literal(let pattern), let content) = steps[0], steps.count == 1 {
            Self.append(token, replacing: pattern, by: content, to: &output)
        } else {
            output.append(contentsOf: text(of: token, isFirst: isFirst))
        }
    }

    private func text(of token: Span<UInt8>, isFirst: Bool) -> [UInt8] {
        var text: [UInt8] = []
        text.append(token, from: 0, to: token.count)
        for step in steps {
            switch step {
            case .replace(let pattern, let content):
                text = Normalizer.replace(pattern, in: text.span, by: content) ?? text
            case .strip(let content, let start, let stop):
                text = Self.strip(text, content, start: start, stop: stop)
            case .metaspace(let replacement, let stripsFirst):
                var next: [UInt8] = []
                let space: [UInt8] = isFirst && stripsFirst ? [] : [0x20]
                Self.append(text.span, replacing: replacement, by: space, to: &next)
                text = next
            case .join: if !isFirst { text.insert(0x20, at: 0) }
            }
        }
        return text
    }

    private static func append(
        _ token: Span<UInt8>,
        replacing pattern: [UInt8],
        by content: [UInt8],
        to output: inout [UInt8]
    ) {
        var index = 0
        while index < token.count {
            if token[index] == pattern.first, token.hasBytes(pattern, at: index) {
                output.append(contentsOf: content)
                index += pattern.count
            } else {
                output.append(token[index])
                index += 1
            }
        }
    }

    private static func strip(
        _ text: [UInt8],
        _ content: [UInt8],
        start: Int,
        stop: Int
    ) -> [UInt8] {
        var text = text[...]
        var left = start
        while left > 0, text.starts(with: content) {
            text.removeFirst(content.count)
            left -= 1
        }
        left = stop
        while left > 0, text.count >= content.count, text.suffix(content.count) == content[...] {
            text.removeLast(content.count)
            left -= 1
        }
        return Array(text)
    }
}
