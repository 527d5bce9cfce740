import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// The options of the BPE model; expected ids are from tokenizers 0.23.3.
@Suite struct BytePairTests {
    private func ids(
        _ text: String,
        _ tokens: [String],
        _ merges: JSON = .array([]),
        _ options: (String, JSON)...
    ) throws -> [Int32] {
        var file = TinyFile(tokens: tokens)
        file.merges = merges
        for (key, value) in options { file.model[key] = value }
        return try file.load().encode(text, addSpecialTokens: false)
    }

    @Test func unknownCharactersBecomeTheUnknownTokenOrNothing() throws {
        let tokens = ["a", "b", "u"]
        let unknown = ("unk_token", JSON.string("u"))
        #expect(try ids("azzb", tokens) == [0, 1])
        #expect(try ids("azzb", tokens, .array([]), unknown) == [0, 2, 2, 1])
        #expect(
            try ids("azzb", tokens, .array([]), unknown, ("fuse_unk", .bool(true))) == [0, 2, 1]
        )
    }

    @Test func unknownCharactersFallBackToBytesIfAllAreThere() throws {
        let options = [("unk_token", JSON.string("u")), ("byte_fallback", .bool(true))]
        let all = ["a", "b", "u", "<0xC3>", "<0xA9>"]
        #expect(try ids("az\u{E9}b", all, .array([]), options[0], options[1]) == [0, 3, 4, 2, 1])
        let some = ["a", "b", "u", "<0xC3>"]
        #expect(try ids("a\u{E9}b", some, .array([]), options[0], options[1]) == [0, 2, 1])
    }

    @Test func mergesAreReadAsStringsAndAsPairs() throws {
        let tokens = ["a", "b", " ", "ab", "a b"]
        #expect(try ids("abab", tokens, .array([.string("a b")])) == [3, 3])
        let pairs = try JSON(parsing: #"[["a", " "], ["a ", "b"]]"#)
        #expect(try ids("a b", ["a", "b", " ", "a ", "a b"], pairs) == [4])
    }

    @Test func mergesMayComeBeforeTheVocabulary() throws {
        let json = #"""
            {"model": {"merges": ["a b"], "vocab": {"a": 0, "b": 1, "ab": 2}, "type": "BPE"}}
            """#
        let tokenizer = try Tokenizer(tokenizerJSON: Array(json.utf8))
        #expect(tokenizer.encode("ab", addSpecialTokens: false) == [2])
    }

    @Test func wholePiecesCanWinOverMerges() throws {
        let tokens = ["a", "b", "ab", "abab"]
        let merges = JSON.array([.string("a b")])
        #expect(try ids("abab", tokens, merges) == [2, 2])
        #expect(try ids("abab", tokens, merges, ("ignore_merges", .bool(true))) == [3])
    }

    @Test func subwordPrefixAndWordSuffixAreHonoured() throws {
        let prefixed = try JSON(parsing: ###"[["a", "##a"], ["aa", "##b"]]"###)
        #expect(
            try ids(
                "aab",
                ["a", "##a", "##b", "aa", "aab"],
                prefixed,
                ("continuing_subword_prefix", .string("##"))
            ) == [4]
        )
        let suffixed = try JSON(parsing: #"[["a", "a"], ["aa", "b</w>"]]"#)
        #expect(
            try ids(
                "aab",
                ["a", "b</w>", "b", "aab</w>", "aa"],
                suffixed,
                ("end_of_word_suffix", .string("</w>"))
            ) == [3]
        )
    }

    @Test func invalidBytesAreReadAsReplacementCharacters() throws {
        let tokenizer = try TestTokenizers.load("tokenizers/qwen2.5")
        let rows: [([UInt8], String)] = [
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            ([0xE4, 0xBD], "\u{FFFD}"),
            ([0xE4, 0xBD, 0x61], "\u{FFFD}a"),
            ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x9F, 0x98, 0x80, 0xF0, 0x9F], "\u{1F600}\u{FFFD}"),
        ]
        for (bytes, text) in rows {
            let ids = tokenizer.encode(bytes.span, addSpecialTokens: false)
            #expect(ids == tokenizer.encode(text, addSpecialTokens: false), "\(bytes)")
        }
    }
}
