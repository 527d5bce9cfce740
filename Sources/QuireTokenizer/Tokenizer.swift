package import QuireJSON

/// Text to ids and back, as a tokenizer.json says.
///
/// Immutable and shared by all threads. Encoding is linear in the text, whatever the text;
/// decoding copies each token's bytes.
package final class Tokenizer: Sendable {
    let decoder: TokenDecoder
    let texts: TokenTexts
    private let model: BytePairModel
    private let normalizer: Normalizer
    private let preTokenizer: PreTokenizer
    private let postProcessor: PostProcessor
    private let added: AddedTokens
    /// Ids of added tokens by content; the model's pieces are found in its vocabulary.
    private let addedIDs: [[UInt8]: Int32]
    private let addedTexts: [Int32: [UInt8]]

    /// Makes a tokenizer from the bytes of tokenizer.json and, if there is one, the parsed
    /// tokenizer_config.json, which can add tokens, name special ones and ask for a first token.
    package init(
        tokenizerJSON: [UInt8],
        configuration: JSON? = nil
    ) throws(TokenizerError) {
        let file = try TokenizerFile(tokenizerJSON.span)
        let configuration = try TokenizerConfiguration(configuration ?? .null)
        normalizer = try Normalizer(file.normalizer)
        preTokenizer = try PreTokenizer(file.preTokenizer)
        decoder = try TokenDecoder(file.decoder)
        model = try BytePairModel(
            vocabulary: file.model.vocabulary,
            merges: file.model.merges,
            options: file.model.options,
            isByteLevel: preTokenizer.isByteLevel
        )
        added = AddedTokens(
            file.addedTokens + configuration.addedTokens,
            roles: configuration.specialTokens,
            normalizer: normalizer
        )
        var ids: [[UInt8]: Int32] = [:]
        var texts: [Int32: [UInt8]] = [:]
        for token in added.tokens {
            ids[token.content] = token.id
            texts[token.id] = token.text
        }
        addedIDs = ids
        addedTexts = texts
        var postProcessor = try PostProcessor(file.postProcessor)
        if let wrapping = configuration.wrapping {
            postProcessor.prefix = wrapping.first.flatMap { ids[$0] }.map { [$0] } ?? []
            postProcessor.suffix = wrapping.last.flatMap { ids[$0] }.map { [$0] } ?? []
        }
        self.postProcessor = postProcessor
        self.texts = TokenTexts(model.vocabulary, added.tokens, decoder: decoder)
        for id in postProcessor.prefix + postProcessor.suffix where self.texts.traits(id).isEmpty {
            throw .invalid(path: "post_processor", reason: "there is no token \(id)")
        }
    }

    // MARK: Vocabulary

    /// Ids are below this.
    package var vocabularySize: Int { texts.count }

    /// The id of a token as the vocabulary writes it, or of an added token.
    package func id(of token: String) -> Int32? {
        let bytes = Array(token.utf8)
        if let id = addedIDs[bytes] { return id }
        return model.vocabulary.id(of: bytes.span).map { Int32(truncatingIfNeeded: $0) }
    }

    /// Whether decoding may leave the token out.
    package func isSpecial(_ id: Int32) -> Bool { texts.traits(id).contains(.special) }

    /// The bytes that a token stands for, which need not be whole characters; empty if there is no
    /// such token.
    package func tokenBytes(_ id: Int32) -> [UInt8] {
        texts.traits(id).isEmpty ? [] : Array(texts.arena[texts.range(id)])
    }

    /// A token as the vocabulary writes it.
    func piece(_ id: Int32) -> ArraySlice<UInt8>? {
        if let text = addedTexts[id] { return text[...] }
        return model.vocabulary.piece(Int(id))
    }

    // MARK: Encoding

    /// The ids of a text.
    package func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
        var text = text
        text.makeContiguousUTF8()
        return encode(text.utf8Span.span, addSpecialTokens: addSpecialTokens)
    }

    /// The ids of a text in UTF-8; what is not valid is read as U+FFFD.
    package func encode(_ text: Span<UInt8>, addSpecialTokens: Bool) -> [Int32] {
        var scratch = BytePairModel.Scratch()
        return encode(text, addSpecialTokens: addSpecialTokens, scratch: &scratch)
    }

    /// How many steps (merges, heap operations, instructions of a pattern) encoding a text takes.
    package func encodingStepCount(of text: String) -> Int {
        var scratch = BytePairModel.Scratch()
        let bytes = Array(text.utf8)
        _ = encode(bytes.span, addSpecialTokens: false, scratch: &scratch)
        return scratch.stepCount
    }

    private func encode(
        _ text: Span<UInt8>,
        addSpecialTokens: Bool,
        scratch: inout BytePairModel.Scratch
    ) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count / 4 + 8)
        if addSpecialTokens { ids += postProcessor.prefix }
        if text.isValidUTF8 {
            appendRaw(text, into: &ids, scratch: &scratch)
        } else {
            let repaired = text.repairedUTF8()
            appendRaw(repaired.span, into: &ids, scratch: &scratch)
        }
        if addSpecialTokens { ids += postProcessor.suffix }
        return ids
    }

    /// Cuts out the tokens that are matched in the raw text, and normalises what is between.
    private func appendRaw(
        _ text: Span<UInt8>,
        into ids: inout [Int32],
        scratch: inout BytePairModel.Scratch
    ) {
        var search = AddedTokenMatcher.Search()
        var start = 0
        while let match = added.raw.nextMatch(in: text, search: &search) {
            appendUnnormalized(text, start..<match.start, into: &ids, scratch: &scratch)
            ids.append(match.id)
            start = match.end
        }
        appendUnnormalized(text, start..<text.count, into: &ids, scratch: &scratch)
    }

    private func appendUnnormalized(
        _ text: Span<UInt8>,
        _ range: Range<Int>,
        into ids: inout [Int32],
        scratch: inout BytePairModel.Scratch
    ) {
        if range.isEmpty { return }
        let part = text.extracting(range)
        let isAtStart = range.lowerBound == 0
        if let normalized = normalizer.normalized(part) {
            appendNormalized(normalized.span, isAtStart, into: &ids, scratch: &scratch)
        } else {
            appendNormalized(part, isAtStart, into: &ids, scratch: &scratch)
        }
    }

    /// Cuts out the tokens that are matched in normalised text, and encodes what is between.
    private func appendNormalized(
        _ text: Span<UInt8>,
        _ isAtStart: Bool,
        into ids: inout [Int32],
        scratch: inout BytePairModel.Scratch
    ) {
        var search = AddedTokenMatcher.Search()
        var start = 0
        while let match = added.normalized.nextMatch(in: text, search: &search) {
            appendPlain(
                text.extracting(start..<match.start),
                isAtStart && start == 0,
                into: &ids,
                scratch: &scratch
            )
            ids.append(match.id)
            start = match.end
        }
        appendPlain(
            text.extracting(start..<text.count),
            isAtStart && start == 0,
            into: &ids,
            scratch: &scratch
        )
    }

    /// Splits text without added tokens into pieces and encodes each.
    private func appendPlain(
        _ text: Span<UInt8>,
        _ isAtStart: Bool,
        into ids: inout [Int32],
        scratch: inout BytePairModel.Scratch
    ) {
        if text.isEmpty { return }
        switch preTokenizer.plan {
        case .whole:
            var index = 0
            while index < text.count {
                let end = model.partEnd(in: text, from: index)
                model.encode(text.extracting(index..<end), into: &ids, scratch: &scratch)
                index = end
            }
        case .direct(let pattern):
            var search = RegexProgram.Search()
            var index = 0
            while let match = pattern.nextMatch(in: text, from: index, search: &search) {
                model.encode(text.extracting(match), into: &ids, scratch: &scratch)
                index = match.upperBound
            }
        case .steps:
            let list = preTokenizer.pieces(of: text, isAtStart: isAtStart)
            scratch.stepCount += list.stepCount
            for range in list.ranges {
                let piece = list.bytes.span.extracting(range)
                if preTokenizer.mapsBytes {
                    var bytes: [UInt8] = []
                    _ = ByteAlphabet.appendBytes(of: piece, to: &bytes)
                    model.encode(bytes.span, into: &ids, scratch: &scratch)
                } else {
                    model.encode(piece, into: &ids, scratch: &scratch)
                }
            }
        }
    }

    // MARK: Decoding

    /// The text of ids, always valid UTF-8; ids that do not exist are left out.
    package func decode(_ ids: some Collection<Int32>, skipSpecialTokens: Bool) -> [UInt8] {
        var detokenizer = Detokenizer(
            self,
            promptTokens: [],
            skipSpecialTokens: skipSpecialTokens
        )
        var output: [UInt8] = []
        output.reserveCapacity(ids.count * 4)
        for id in ids { detokenizer.push(id, into: &output) }
        detokenizer.flush(into: &output)
        return output
    }
}
