import QuireJSON

/// A token that is matched in the text itself, before the model sees it.
struct AddedToken: Sendable {
    var id: Int32
    var content: [UInt8]
    /// What it decodes to and is matched by: the content, normalised if it is to be.
    var text: [UInt8]
    /// Only matched where no word character stands beside it.
    var isSingleWord = false
    /// Takes the white space before it.
    var stripsLeft = false
    /// Takes the white space after it.
    var stripsRight = false
    /// Matched in the normalised text instead of in the raw one.
    var isNormalized = false
    /// Left out by a decoding that skips special tokens.
    var isSpecial = false

    /// Reads an entry of `added_tokens`, or of `added_tokens_decoder`, whose key is the id.
    init(_ json: JSON, id: Int? = nil, at path: String) throws(TokenizerError) {
        guard json.object != nil else {
            throw .invalid(path: path, reason: "must be an object, not \(json.typeName)")
        }
        var number = id ?? -1
        if id == nil { number = try json.integer("id", default: -1, at: path) }
        guard number >= 0, number < Vocabulary.idLimit else {
            throw .invalid(path: path, reason: "id must be in 0..<\(Vocabulary.idLimit)")
        }
        self.id = Int32(truncatingIfNeeded: number)
        content = Array(try json.requiredString("content", at: path).utf8)
        text = content
        isSingleWord = try json.flag("single_word", default: false, at: path)
        stripsLeft = try json.flag("lstrip", default: false, at: path)
        stripsRight = try json.flag("rstrip", default: false, at: path)
        isSpecial = try json.flag("special", default: false, at: path)
        isNormalized = try json.flag("normalized", default: !isSpecial, at: path)
    }
}

/// Finds added tokens in a text: leftmost first, longest where several begin together.
///
/// A byte trie, entered only at bytes that begin some token, so that text without them costs one
/// table look-up per byte. A search over one text is linear as long as tokens do not overlap
/// themselves; it is bounded by the longest token's length per byte in any case.
struct AddedTokenMatcher: Sendable {
    private struct Node: Sendable {
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
        /// Index of the token that ends here, −1: none.
        var token: Int32 = -1
        var byte: UInt8 = 0
    }

    /// Where a search over one text stands.
    struct Search {
        /// Where the next match may begin.
        fileprivate var index = 0
        /// What earlier matches have taken, the white space around them included.
        fileprivate var consumed = 0
    }

    /// A token found at `[start, end)`, stripped white space included.
    struct Match {
        var start: Int
        var end: Int
        var id: Int32
    }

    private var nodes: [Node] = []
    private var tokens: [AddedToken] = []
    /// Per first byte, its node; −1: no token begins with it.
    private var roots = [Int32](repeating: -1, count: 256)

    var isEmpty: Bool { tokens.isEmpty }

    /// Adds a token; one without text is never matched.
    mutating func add(_ token: AddedToken) {
        guard let first = token.text.first else { return }
        if roots[Int(first)] < 0 { roots[Int(first)] = addNode(byte: first) }
        var node = Int(roots[Int(first)])
        for byte in token.text.dropFirst() {
            if let next = child(of: node, byte: byte) {
                node = next
            } else {
                let next = addNode(byte: byte)
                nodes[Int(next)].nextSibling = nodes[node].firstChild
                nodes[node].firstChild = next
                node = Int(next)
            }
        }
        guard nodes[node].token < 0 else { return }
        nodes[node].token = Int32(truncatingIfNeeded: tokens.count)
        tokens.append(token)
    }

    private mutating func addNode(byte: UInt8) -> Int32 {
        nodes.append(Node(byte: byte))
        return Int32(truncatingIfNeeded: nodes.count - 1)
    }

    private func child(of node: Int, byte: UInt8) -> Int? {
        var next = Int(nodes[node].firstChild)
        while next >= 0 {
            if nodes[next].byte == byte { return next }
            next = Int(nodes[next].nextSibling)
        }
        return nil
    }

    /// The next token in the text; `nil` at its end.
    func nextMatch(in text: Span<UInt8>, search: inout Search) -> Match? {
        if tokens.isEmpty { return nil }
        while search.index < text.count {
            let root = Int(roots[Int(text[search.index])])
            guard root >= 0, let found = longest(in: text, at: search.index, root: root) else {
                search.index += 1
                continue
            }
            let start = search.index
            search.index = found.end
            let token = tokens[found.token]
            // What an earlier token's stripping took is gone.
            if found.end <= search.consumed { continue }
            if token.isSingleWord, isInWord(text, start, found.end) { continue }
            var match = Match(start: start, end: found.end, id: token.id)
            if token.stripsLeft { match.start = spaceStart(text, before: start, search.consumed) }
            match.start = max(match.start, search.consumed)
            if token.stripsRight { match.end = spaceEnd(text, from: found.end) }
            search.consumed = match.end
            return match
        }
        return nil
    }

    private func longest(
        in text: Span<UInt8>,
        at start: Int,
        root: Int
    ) -> (token: Int, end: Int)? {
        var found: (token: Int, end: Int)?
        var node = root
        var index = start + 1
        while true {
            if nodes[node].token >= 0 { found = (Int(nodes[node].token), index) }
            guard index < text.count, let next = child(of: node, byte: text[index]) else {
                return found
            }
            node = next
            index += 1
        }
    }

    private func isInWord(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if start > 0 {
            if isWord(text.scalar(at: text.scalarStart(before: start)).value) { return true }
        }
        return end < text.count && isWord(text.scalar(at: end).value)
    }

    private func isWord(_ scalar: UInt32) -> Bool {
        let isJoiner = scalar == 0x200C || scalar == 0x200D
        return isJoiner || Span<UInt8>.classes(of: scalar) & ScalarClasses.word != 0
    }

    private func spaceStart(_ text: Span<UInt8>, before start: Int, _ limit: Int) -> Int {
        var start = start
        while start > limit {
            let before = text.scalarStart(before: start)
            let scalar = text.scalar(at: before).value
            guard Span<UInt8>.classes(of: scalar) & ScalarClasses.whitespace != 0 else { break }
            start = before
        }
        return start
    }

    private func spaceEnd(_ text: Span<UInt8>, from end: Int) -> Int {
        var end = end
        while end < text.count {
            let scalar = text.scalar(at: end)
            guard Span<UInt8>.classes(of: scalar.value) & ScalarClasses.whitespace != 0 else {
                break
            }
            end = scalar.end
        }
        return end
    }
}

/// All added tokens of a tokenizer: the raw ones and those that are matched after normalising.
struct AddedTokens: Sendable {
    private(set) var tokens: [AddedToken] = []
    private(set) var raw = AddedTokenMatcher()
    private(set) var normalized = AddedTokenMatcher()

    /// Collects the tokens; a content that comes twice keeps its first entry.
    ///
    /// The reference library tells special tokens by their text, so that one which normalising
    /// changes (`▁</s>` of older Llama files) is special no more, unless it has a role.
    init(_ all: [AddedToken], roles: Set<[UInt8]>, normalizer: Normalizer) {
        var seen: Set<[UInt8]> = []
        for var token in all where seen.insert(token.content).inserted {
            if token.isNormalized, let text = normalizer.normalized(token.content.span) {
                token.text = text
                if text != token.content { token.isSpecial = false }
            }
            if roles.contains(token.content) { token.isSpecial = true }
            tokens.append(token)
        }
        // Where two match the same text, the special one wins.
        for token in tokens.filter(\.isSpecial) + tokens.filter({ !$0.isSpecial }) {
            if token.isNormalized {
                normalized.add(token)
            } else {
                raw.add(token)
            }
        }
    }
}
