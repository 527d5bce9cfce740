/// The pattern of a Split: finds the next match in a text.
///
/// The patterns that nearly all models use have matchers written by hand; they match at every
/// position, so that a text falls into matches without gaps, and they look at each character a
/// bounded number of times. Any other pattern runs on ``RegexProgram``.
enum SplitPattern: Sendable {
    case gpt2
    case words(WordPattern)
    case literal([UInt8])
    case scalars(ScalarClasses.Mask)
    case scalar(UInt32)
    /// What ASCII calls punctuation or Unicode's category P.
    case punctuation
    case regex(RegexProgram)

    /// The matcher for a regular expression in Oniguruma's syntax.
    init(regex source: String, at path: String) throws(TokenizerError) {
        if let known = Self.known[source] {
            self = known
            return
        }
        self = .regex(try RegexProgram(source, at: path))
    }

    /// Whether the matches cover every text without gaps.
    var coversAllText: Bool {
        switch self {
        case .gpt2, .words: true
        default: false
        }
    }

    /// The pattern that byte-level BPE began with.
    static let gpt2Source =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    private static let known: [String: SplitPattern] = {
        let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
        let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
        let symbols = #" ?[^\s\p{L}\p{N}]+[\r\n]*"#
        let plain = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
        let marked = #"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+"#
        let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
        let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
        let head = #"[^\r\n\p{L}\p{N}]?"#
        let slashed = #" ?[^\s\p{L}\p{N}]+[\r\n/]*"#
        func cased(_ suffix: String, _ digits: String) -> String {
            "\(head)\(upper)*\(lower)+\(suffix)|\(head)\(upper)+\(lower)*\(suffix)|"
                + "\(digits)|\(slashed)|\(spaces)"
        }
        var known: [String: SplitPattern] = [gpt2Source: .gpt2]
        for (digits, count) in [(#"\p{N}"#, 1), (#"\p{N}{1,3}"#, 3)] {
            known["\(contractions)|\(plain)|\(digits)|\(symbols)|\(spaces)"] =
                .words(WordPattern(digitsMax: count))
            known[
                #"\#(contractions)|\#(marked)|\#(digits)| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\#(spaces)"#
            ] = .words(WordPattern(digitsMax: count, lettersIncludeMarks: true))
            known[cased("\(contractions)?", digits)] =
                .words(WordPattern(digitsMax: count, splitsCase: true, hasSuffix: true))
            known[cased("", digits)] = .words(WordPattern(digitsMax: count, splitsCase: true))
        }
        return known
    }()

    /// The next match in `[index, end)` of `text`, or `nil`.
    ///
    /// Matchers look only at `[start, end)`, which is the text as they know it.
    @inline(__always)
    func nextMatch(
        in text: Span<UInt8>,
        from index: Int,
        search: inout RegexProgram.Search
    ) -> Range<Int>? {
        guard index < text.count else { return nil }
        switch self {
        case .gpt2: return index..<WordPattern.gpt2MatchEnd(in: text, at: index)
        case .words(let pattern): return index..<pattern.matchEnd(in: text, at: index)
        default: return nextGeneralMatch(in: text, from: index, search: &search)
        }
    }

    private func nextGeneralMatch(
        in text: Span<UInt8>,
        from index: Int,
        search: inout RegexProgram.Search
    ) -> Range<Int>? {
        switch self {
        case .regex(let program): return program.nextMatch(in: text, from: index, search: &search)
        case .literal(let pattern):
            guard let first = pattern.first else { return nil }
            var index = index
            while index < text.count {
                if text[index] == first, text.hasBytes(pattern, at: index) {
                    return index..<index + pattern.count
                }
                index += 1
            }
            return nil
        default:
            var index = index
            while index < text.count {
                let scalar = text.scalar(at: index)
                if matches(scalar.value) { return index..<scalar.end }
                index = scalar.end
            }
            return nil
        }
    }

    private func matches(_ scalar: UInt32) -> Bool {
        switch self {
        case .scalars(let mask): return Span<UInt8>.classes(of: scalar) & mask != 0
        case .scalar(let wanted): return scalar == wanted
        case .punctuation:
            let classes = Span<UInt8>.classes(of: scalar)
            if classes & ScalarClasses.punctuation != 0 { return true }
            return scalar < 0x80 && classes & ScalarClasses.symbols != 0
        default: return false
        }
    }
}
