/// Turns one sequence's tokens into text as they come, for a stream.
///
/// The pieces that `push` and `flush` append are whole characters, and joined they are what
/// decoding all tokens at once gives. It never fails: bytes that cannot become a character come
/// out as U+FFFD.
///
/// A value per sequence, confined to whoever streams it. A push copies the token's bytes, usually
/// nothing else.
package struct Detokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    /// Bytes that are not text yet: an unfinished character, or a run of byte tokens.
    private var pending: [UInt8] = []
    /// Whether the present run of byte tokens can no longer be text.
    private var isRunBroken = false
    /// How often the text's leading content may still be dropped.
    private var leadingCount: Int
    /// Whether no token has counted yet.
    private var isAtStart = true

    /// A run of byte tokens is judged at the latest when it has this many bytes and ends with a
    /// character, so that a stream of nothing but emoji still flows.
    private static let runMax = 32

    /// Begins after the prompt, whose text is never given out again but decides how the
    /// continuation begins: a leading space stays unless the text is at its start, and bytes may
    /// complete a character that the prompt left open.
    ///
    /// Looks at a bounded number of the prompt's tokens, apart from leading ones without text.
    package init(_ tokenizer: Tokenizer, promptTokens: [Int32], skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skipSpecialTokens
        leadingCount = tokenizer.decoder.leadingCount
        prime(with: promptTokens)
    }

    /// Takes the next token and appends the text that is now certain.
    package mutating func push(_ token: Int32, into output: inout [UInt8]) {
        let texts = tokenizer.texts
        let traits = texts.traits(token)
        if traits.isEmpty || skipsSpecialTokens && traits.contains(.special) { return }
        if isAtStart {
            isAtStart = false
            if tokenizer.decoder.treatsFirstApart {
                pushFirst(token, into: &output)
                return
            }
        }
        let range = texts.range(token)
        if traits.contains(.partial) || !pending.isEmpty || isRunBroken {
            takePartial(
                texts.arena.span.extracting(range),
                isPartial: traits.contains(.partial),
                into: &output
            )
        } else {
            emit(texts.arena.span.extracting(range), into: &output)
        }
    }

    /// Ends the text: what was held back comes out, unfinished characters as U+FFFD.
    package mutating func flush(into output: inout [UInt8]) {
        guard !pending.isEmpty else { return }
        switch tokenizer.decoder.assembly {
        case .byteFallback: endRun(into: &output)
        case .byteLevel, .texts:
            pending.removeAll(keepingCapacity: true)
            emitReplacement(into: &output)
        }
    }

    // MARK: Priming

    private mutating func prime(with prompt: [Int32]) {
        var discarded: [UInt8] = []
        var index = 0
        while index < prompt.count, isAtStart || leadingCount > 0 {
            push(prompt[index], into: &discarded)
            discarded.removeAll(keepingCapacity: true)
            index += 1
        }
        pending.removeLast(Self.unfinishedCount(at: pending.span))
        flush(into: &discarded)
        isRunBroken = false
        pending = openBytes(of: prompt)
    }

    /// The bytes of a character that the prompt's last tokens begin but do not end.
    private func openBytes(of prompt: [Int32]) -> [UInt8] {
        let texts = tokenizer.texts
        var bytes: [UInt8] = []
        for token in prompt.reversed().prefix(8) {
            let traits = texts.traits(token)
            if traits.isEmpty || skipsSpecialTokens && traits.contains(.special) { continue }
            guard traits.contains(.partial), bytes.count < 4 else { break }
            bytes = texts.arena[texts.range(token)] + bytes
        }
        return bytes.suffix(Self.unfinishedCount(at: bytes.span))
    }

    /// How many of the last bytes are the beginning of a character.
    private static func unfinishedCount(at bytes: Span<UInt8>) -> Int {
        for start in max(0, bytes.count - 3)..<bytes.count {
            if case .incomplete = UTF8Sequence(bytes, at: start) { return bytes.count - start }
        }
        return 0
    }

    // MARK: Assembling

    /// The first token of a text, where a decoder treats it apart.
    private mutating func pushFirst(_ token: Int32, into output: inout [UInt8]) {
        guard let piece = tokenizer.piece(token) else { return }
        var text: [UInt8] = []
        var scratch: [UInt8] = []
        let isPartial = TokenTexts.append(
            piece.span,
            isFirst: true,
            tokenizer.decoder,
            to: &text,
            scratch: &scratch
        )
        takePartial(text.span, isPartial: isPartial, into: &output)
    }

    private mutating func takePartial(
        _ bytes: Span<UInt8>,
        isPartial: Bool,
        into output: inout [UInt8]
    ) {
        switch tokenizer.decoder.assembly {
        case .texts: emit(bytes, into: &output)
        case .byteLevel:
            pending.append(bytes, from: 0, to: bytes.count)
            emitCharacters(into: &output)
        case .byteFallback:
            if isPartial {
                takeRunByte(bytes, into: &output)
            } else {
                endRun(into: &output)
                emit(bytes, into: &output)
            }
        }
    }

    /// Emits the pending characters and keeps an unfinished one.
    private mutating func emitCharacters(into output: inout [UInt8]) {
        let bytes = pending
        var start = 0
        var index = 0
        scan: while index < bytes.count {
            switch UTF8Sequence(bytes.span, at: index) {
            case .complete(let length): index += length
            case .invalid(let length):
                emit(bytes.span.extracting(start..<index), into: &output)
                emitReplacement(into: &output)
                index += length
                start = index
            case .incomplete: break scan
            }
        }
        emit(bytes.span.extracting(start..<index), into: &output)
        pending.removeFirst(index)
    }

    private mutating func takeRunByte(_ byte: Span<UInt8>, into output: inout [UInt8]) {
        if isRunBroken {
            emitReplacement(into: &output)
            return
        }
        pending.append(byte, from: 0, to: byte.count)
        guard pending.count >= Self.runMax else { return }
        var index = 0
        while index < pending.count {
            switch UTF8Sequence(pending.span, at: index) {
            case .complete(let length): index += length
            case .incomplete: return
            case .invalid:
                endRun(into: &output)
                isRunBroken = true
                return
            }
        }
        endRun(into: &output)
    }

    private mutating func endRun(into output: inout [UInt8]) {
        isRunBroken = false
        if pending.isEmpty { return }
        let bytes = pending
        pending.removeAll(keepingCapacity: true)
        if bytes.span.isValidUTF8 {
            emit(bytes.span, into: &output)
        } else {
            for _ in bytes { emitReplacement(into: &output) }
        }
    }

    // MARK: Emitting

    private mutating func emitReplacement(into output: inout [UInt8]) {
        let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
        emit(replacement.span, into: &output)
    }

    private mutating func emit(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        if bytes.isEmpty { return }
        var start = 0
        if leadingCount > 0 {
            let content = tokenizer.decoder.leadingContent
            while leadingCount > 0, start < bytes.count {
                if bytes.hasBytes(content, at: start) {
                    start += content.count
                    leadingCount -= 1
                } else {
                    leadingCount = 0
                }
            }
        }
        output.append(bytes, from: start, to: bytes.count)
    }
}
