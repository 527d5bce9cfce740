import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// Streams against whole decodes.
@Suite struct DetokenizerTests {
    /// The pieces of a stream, the flush last.
    private func pieces(
        _ tokenizer: Tokenizer,
        _ ids: some Sequence<Int32>,
        prompt: [Int32] = [],
        skipSpecialTokens: Bool = true
    ) -> [[UInt8]] {
        var detokenizer = Detokenizer(
            tokenizer,
            promptTokens: prompt,
            skipSpecialTokens: skipSpecialTokens
        )
        var pieces: [[UInt8]] = []
        for id in ids {
            var piece: [UInt8] = []
            detokenizer.push(id, into: &piece)
            pieces.append(piece)
        }
        var tail: [UInt8] = []
        detokenizer.flush(into: &tail)
        return pieces + [tail]
    }

    private func isWhole(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    @Test(arguments: GoldenTests.folders)
    func joinedPiecesAreTheWholeTextOnRandomIds(_ folder: String) throws {
        let tokenizer = try TestTokenizers.load("tokenizers/" + folder)
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            // Low ids are bytes in most vocabularies: half of the sequences are made of them.
            let end = seed % 2 == 0 ? 270 : tokenizer.vocabularySize + 5
            let ids = (0..<40).map { _ in Int32.random(in: -1..<Int32(end), using: &random) }
            let skips = seed % 3 == 0
            let pieces = pieces(tokenizer, ids, skipSpecialTokens: skips)
            #expect(pieces.allSatisfy(isWhole), "\(folder) seed \(seed)")
            let whole = tokenizer.decode(ids, skipSpecialTokens: skips)
            #expect(pieces.flatMap(\.self) == whole, "\(folder) seed \(seed)")
        }
    }

    /// The rule for bytes, stated a second time and as plainly as can be.
    @Test func runsOfByteTokensAreJudgedAsAWhole() throws {
        let tokenizer = try TestTokenizers.load("tokenizers/llama2")
        for seed in 0..<400 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let ids = (0..<30).map { _ in
                Bool.random(using: &random)
                    ? Int32.random(in: 3..<259, using: &random)
                    : Int32([230, 192, 166, 263, 15043, 29871].randomElement(using: &random) ?? 0)
            }
            var expected = ""
            var run: [UInt8] = []
            func endRun() {
                if let text = String(validating: run, as: UTF8.self) {
                    expected += text
                } else {
                    expected += String(repeating: "\u{FFFD}", count: run.count)
                }
                run = []
            }
            for id in ids {
                if id < 259 {
                    run.append(UInt8(id - 3))
                } else {
                    endRun()
                    expected += [263: " a", 15043: " Hello", 29871: " "][id] ?? ""
                }
            }
            endRun()
            if expected.hasPrefix(" ") { expected.removeFirst() }
            #expect(tokenizer.text(ids, skipSpecialTokens: true) == expected, "seed \(seed)")
        }
    }

    @Test(arguments: GoldenTests.folders)
    func textAfterAPromptContinuesIt(_ folder: String) throws {
        let tokenizer = try TestTokenizers.load("tokenizers/" + folder)
        for entry in try Assets.json("tokenizers/\(folder)/golden.json")["cases"]?.array ?? [] {
            let text = try #require(entry["text"]?.string)
            let ids = tokenizer.encode(text, addSpecialTokens: true)
            let whole = tokenizer.decode(ids, skipSpecialTokens: true)
            let shown = ids.filter { !tokenizer.isSpecial($0) }
            let raw = shown.flatMap { tokenizer.tokenBytes($0) }
            // One tokenizer has added tokens that decode to bytes which are no text.
            guard isWhole(raw) else { continue }
            for cut in stride(from: 0, through: shown.count, by: max(1, shown.count / 12)) {
                let prompt = Array(shown[..<cut])
                // The rest begins with the character that the prompt ends in, if it is unfinished.
                var start = prompt.reduce(0) { $0 + tokenizer.tokenBytes($1).count }
                while start > 0, start < raw.count, raw[start] & 0xC0 == 0x80 { start -= 1 }
                let rest = pieces(tokenizer, shown[cut...], prompt: prompt)
                #expect(rest.allSatisfy(isWhole))
                let expected = start == 0 ? whole : Array(raw[start...])
                #expect(rest.flatMap(\.self) == expected, "\(text) cut at \(cut)")
            }
        }
    }

    @Test func completionsOfASentencePieceModelKeepTheirLeadingSpace() throws {
        let tokenizer = try TestTokenizers.load("models/stories260K")
        for entry in try Assets.json("models/stories260K/golden.json")["cases"]?.array ?? [] {
            let prompt = try TestTokenizers.ids(entry["prompt_ids"])
            let text = try #require(entry["prompt"]?.string)
            #expect(tokenizer.encode(text, addSpecialTokens: true) == prompt)
            let greedy = try TestTokenizers.ids(entry["greedy_ids"])
            let completion = try #require(entry["completion_text"]?.string)
            let joined = pieces(tokenizer, greedy, prompt: prompt).flatMap(\.self)
            #expect(String(decoding: joined, as: UTF8.self) == completion)
        }
    }

    @Test func aPromptOfSpecialTokensLeavesTheTextAtItsStart() throws {
        let tokenizer = try TestTokenizers.load("tokenizers/mistral-7b")
        let hello = tokenizer.encode("Hello", addSpecialTokens: false)
        #expect(pieces(tokenizer, hello, prompt: [1]).flatMap(\.self) == Array("Hello".utf8))
        #expect(
            pieces(tokenizer, hello, prompt: [1] + hello).flatMap(\.self) == Array(" Hello".utf8)
        )
    }

    @Test func bytesMayCompleteACharacterOfThePrompt() throws {
        let llama = try TestTokenizers.load("tokenizers/llama2")
        // U+1F600 is F0 9F 98 80; byte b is token b + 3.
        let smile: [Int32] = [0xF0 + 3, 0x9F + 3, 0x98 + 3, 0x80 + 3]
        for cut in 0...4 {
            let prompt = [15043] + smile + smile[..<cut]
            let text = pieces(llama, smile[cut...] + [263], prompt: Array(prompt))
            let expected = (cut == 4 ? "" : "\u{1F600}") + " a"
            #expect(text.flatMap(\.self) == Array(expected.utf8), "cut \(cut)")
        }
    }

    @Test func longRunsOfCharactersInBytesFlow() throws {
        let llama = try TestTokenizers.load("tokenizers/llama2")
        let smile: [Int32] = [0xF0 + 3, 0x9F + 3, 0x98 + 3, 0x80 + 3]
        let pieces = pieces(llama, (0..<1000).map { smile[$0 % 4] })
        #expect(pieces.flatMap(\.self) == Array(String(repeating: "\u{1F600}", count: 250).utf8))
        #expect(pieces.allSatisfy { $0.count <= 36 })
    }

    @Test func anUnfinishedTailComesOutAsOneReplacement() throws {
        let qwen = try TestTokenizers.load("tokenizers/qwen2.5")
        let ids = qwen.encode("\u{1D518}", addSpecialTokens: false)
        try #require(ids.count > 1)
        let pieces = pieces(qwen, ids.dropLast())
        #expect(pieces.dropLast().allSatisfy { $0.isEmpty })
        #expect(pieces.last == Array("\u{FFFD}".utf8))
    }

    @Test func decodersTreatTokensAsTheReference() throws {
        let rows: [(String, [String], String)] = [
            (
                #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}"#,
                ["▁▁a▁b", "▁c", "▁"], "ab c "
            ),
            (
                #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}"#,
                ["▁▁a▁b", "▁c"], "  a b c"
            ),
            ("null", ["a", "b", "c"], "a b c"),
            (
                #"{"type": "Sequence", "decoders": [{"type": "Strip", "content": " ", "start": 1, "stop": 1}, {"type": "Fuse"}]}"#,
                ["  a ", "b ", "c"], " abc"
            ),
            (
                #"{"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"Regex": "a+"}, "content": "x"}, {"type": "Fuse"}, {"type": "Strip", "content": "x", "start": 2, "stop": 0}]}"#,
                ["aab", "xx", "c"], "bxxc"
            ),
            (
                #"{"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}"#,
                ["<0x20>", "c", "<0xE4>", "<0xbd>", "<0xA0>", "<0xFF>", "d"],
                "c\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}d"
            ),
        ]
        for (json, tokens, text) in rows {
            let tokenizer = try TinyFile(tokens: tokens, decoder: try JSON(parsing: json)).load()
            let ids = tokens.indices.map { Int32($0) }
            #expect(tokenizer.text(ids, skipSpecialTokens: false) == text, "\(json)")
        }
    }

    @Test func tokenBytesAreRaw() throws {
        let qwen = try TestTokenizers.load("tokenizers/qwen2.5")
        let ids = qwen.encode("caf\u{E9} \u{1F9D9}\u{200D}", addSpecialTokens: false)
        #expect(ids.flatMap { qwen.tokenBytes($0) } == Array("caf\u{E9} \u{1F9D9}\u{200D}".utf8))
        #expect(qwen.tokenBytes(-1).isEmpty && qwen.tokenBytes(.max).isEmpty)
        let llama = try TestTokenizers.load("tokenizers/llama2")
        #expect(llama.tokenBytes(0xF0 + 3) == [0xF0])
        #expect(llama.tokenBytes(15043) == Array(" Hello".utf8))
    }
}
