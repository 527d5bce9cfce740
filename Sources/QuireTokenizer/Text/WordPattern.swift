/// The split patterns descended from GPT-2's, matched by hand over UTF-8.
///
/// All of them are an ordered choice of: contractions, words, numbers, symbols and white space.
/// Each call returns where the match that begins at a position ends; it is always beyond the
/// position. Work per text is linear: a run of white space is looked at twice at most, as is a run
/// of upper-case letters.
struct WordPattern: Sendable {
    /// Longest run of digits in one match.
    var digitsMax: Int
    /// Whether combining marks count as letters (Qwen3.5) instead of as symbols.
    var lettersIncludeMarks = false
    /// Whether a word ends where lower case turns into upper case (o200k, Tekken).
    var splitsCase = false
    /// Whether a contraction belongs to the word before it (o200k).
    var hasSuffix = false

    private static let upper =
        ScalarClasses.uppercase | ScalarClasses.titlecase | ScalarClasses.modifierLetter
        | ScalarClasses.otherLetter | ScalarClasses.marks
    private static let lower =
        ScalarClasses.lowercase | ScalarClasses.modifierLetter | ScalarClasses.otherLetter
        | ScalarClasses.marks
    private static let lettersAndNumbers = ScalarClasses.letters | ScalarClasses.numbers

    /// Where the match at `start` ends; `start` must be inside.
    @inline(__always)
    func matchEnd(in text: Span<UInt8>, at start: Int) -> Int {
        if splitsCase { return casedMatchEnd(in: text, at: start) }
        let first = text.scalar(at: start)
        let classes = Span<UInt8>.classes(of: first.value)
        let letters =
            lettersIncludeMarks
            ? ScalarClasses.letters | ScalarClasses.marks : ScalarClasses.letters
        if classes & letters != 0 { return Self.runEnd(in: text, from: first.end, of: letters) }
        if first.value == 0x27,
            let end = Self.contractionEnd(in: text, at: start, ignoringCase: true)
        {
            return end
        }
        if classes & ScalarClasses.numbers != 0 {
            return numberEnd(in: text, from: first.end)
        }
        // Any one character but a line break may lead a word.
        if first.end < text.count, first.value != 0x0A, first.value != 0x0D {
            let second = text.scalar(at: first.end)
            if Span<UInt8>.classes(of: second.value) & letters != 0 {
                return Self.runEnd(in: text, from: second.end, of: letters)
            }
        }
        let nonSymbols = Self.lettersAndNumbers | letters | ScalarClasses.whitespace
        if let end = Self.symbolsEnd(
            in: text,
            at: start,
            nonSymbols: nonSymbols,
            allowsSlash: false
        ) {
            return end
        }
        return Self.spacesEnd(in: text, at: start, splitsAfterLineBreaks: true)
    }

    /// GPT-2's pattern: contractions in lower case only, and an optional space before each run.
    @inline(__always)
    static func gpt2MatchEnd(in text: Span<UInt8>, at start: Int) -> Int {
        var first = text.scalar(at: start)
        if first.value == 0x27,
            let end = contractionEnd(in: text, at: start, ignoringCase: false)
        {
            return end
        }
        if first.value == 0x20, first.end < text.count { first = text.scalar(at: first.end) }
        let classes = Span<UInt8>.classes(of: first.value)
        if classes & ScalarClasses.letters != 0 {
            return runEnd(in: text, from: first.end, of: ScalarClasses.letters)
        }
        if classes & ScalarClasses.numbers != 0 {
            return runEnd(in: text, from: first.end, of: ScalarClasses.numbers)
        }
        if classes & ScalarClasses.whitespace == 0 {
            let others = lettersAndNumbers | ScalarClasses.whitespace
            return runEnd(in: text, from: first.end, ofNot: others)
        }
        return spacesEnd(in: text, at: start, splitsAfterLineBreaks: false)
    }

    /// The patterns that tell upper from lower case: a word is `U*L+` or else `U+L*`, where most
    /// scripts' letters are of both kinds.
    private func casedMatchEnd(in text: Span<UInt8>, at start: Int) -> Int {
        let first = text.scalar(at: start)
        let classes = Span<UInt8>.classes(of: first.value)
        let isLineBreak = first.value == 0x0A || first.value == 0x0D
        if classes & Self.lettersAndNumbers == 0, !isLineBreak, first.end < text.count,
            let end = Self.casedWordEnd(in: text, from: first.end)
        {
            return suffixEnd(in: text, at: end)
        }
        if let end = Self.casedWordEnd(in: text, from: start) {
            return suffixEnd(in: text, at: end)
        }
        if classes & ScalarClasses.numbers != 0 { return numberEnd(in: text, from: first.end) }
        let nonSymbols = Self.lettersAndNumbers | ScalarClasses.whitespace
        if let end = Self.symbolsEnd(
            in: text,
            at: start,
            nonSymbols: nonSymbols,
            allowsSlash: true
        ) {
            return end
        }
        return Self.spacesEnd(in: text, at: start, splitsAfterLineBreaks: true)
    }

    private static func casedWordEnd(in text: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        // The end after the last character that is of both kinds: `U*L+` can end there.
        var lastBoth: Int?
        while index < text.count {
            let scalar = text.scalar(at: index)
            let classes = Span<UInt8>.classes(of: scalar.value)
            guard classes & upper != 0 else {
                if classes & lower != 0 { return runEnd(in: text, from: scalar.end, of: lower) }
                break
            }
            if classes & lower != 0 { lastBoth = scalar.end }
            index = scalar.end
        }
        if let lastBoth { return lastBoth }
        return index > start ? index : nil
    }

    private func suffixEnd(in text: Span<UInt8>, at index: Int) -> Int {
        guard hasSuffix, index < text.count, text[index] == 0x27 else { return index }
        return Self.contractionEnd(in: text, at: index, ignoringCase: true) ?? index
    }

    private func numberEnd(in text: Span<UInt8>, from index: Int) -> Int {
        var index = index
        var count = 1
        while count < digitsMax, index < text.count {
            let scalar = text.scalar(at: index)
            guard Span<UInt8>.classes(of: scalar.value) & ScalarClasses.numbers != 0 else { break }
            index = scalar.end
            count += 1
        }
        return index
    }

    /// ` ?[symbols]+[\r\n]*`, or `nil` where that does not match.
    private static func symbolsEnd(
        in text: Span<UInt8>,
        at start: Int,
        nonSymbols: ScalarClasses.Mask,
        allowsSlash: Bool
    ) -> Int? {
        var first = text.scalar(at: start)
        if first.value == 0x20, first.end < text.count { first = text.scalar(at: first.end) }
        guard Span<UInt8>.classes(of: first.value) & nonSymbols == 0 else { return nil }
        var index = runEnd(in: text, from: first.end, ofNot: nonSymbols)
        while index < text.count {
            let byte = text[index]
            guard byte == 0x0A || byte == 0x0D || allowsSlash && byte == 0x2F else { break }
            index += 1
        }
        return index
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`, the first choice only if asked for.
    ///
    /// A character that is not white space is a match of its own, so that the caller always moves
    /// on.
    private static func spacesEnd(
        in text: Span<UInt8>,
        at start: Int,
        splitsAfterLineBreaks: Bool
    ) -> Int {
        var index = start
        var lastStart = start
        var lineEnd: Int?
        while index < text.count {
            let scalar = text.scalar(at: index)
            guard Span<UInt8>.classes(of: scalar.value) & ScalarClasses.whitespace != 0 else {
                break
            }
            if scalar.value == 0x0A || scalar.value == 0x0D { lineEnd = scalar.end }
            lastStart = index
            index = scalar.end
        }
        if splitsAfterLineBreaks, let lineEnd { return lineEnd }
        if index == start { return text.scalar(at: start).end }
        // The last space goes with the word that follows.
        return index == text.count || lastStart == start ? index : lastStart
    }

    /// Where `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` ends that begins at `index`.
    private static func contractionEnd(
        in text: Span<UInt8>,
        at index: Int,
        ignoringCase: Bool
    ) -> Int? {
        guard index + 1 < text.count else { return nil }
        let fold: UInt8 = ignoringCase ? 0x20 : 0
        let second = text[index + 1] | fold
        switch second {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return index + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard index + 2 < text.count else { return nil }
            let wanted = second == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")
            return text[index + 2] | fold == wanted ? index + 3 : nil
        case 0xC5 | fold:
            // The long s folds to s.
            guard ignoringCase, text.scalar(at: index + 1).value == 0x17F else { return nil }
            return index + 3
        default: return nil
        }
    }

    @inline(__always)
    private static func runEnd(
        in text: Span<UInt8>,
        from index: Int,
        of mask: ScalarClasses.Mask
    ) -> Int {
        var index = index
        while index < text.count {
            let scalar = text.scalar(at: index)
            guard Span<UInt8>.classes(of: scalar.value) & mask != 0 else { break }
            index = scalar.end
        }
        return index
    }

    @inline(__always)
    private static func runEnd(
        in text: Span<UInt8>,
        from index: Int,
        ofNot mask: ScalarClasses.Mask
    ) -> Int {
        var index = index
        while index < text.count {
            let scalar = text.scalar(at: index)
            guard Span<UInt8>.classes(of: scalar.value) & mask == 0 else { break }
            index = scalar.end
        }
        return index
    }
}
