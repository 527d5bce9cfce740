import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// Added tokens and what stands around a text; expected ids are from tokenizers 0.23.3.
@Suite struct AddedTokenTests {
    private static let letters =
        ["a", "b", "c", "x", "y", " ", "<", ">", "A", "B", "\u{2581}"]

    private func expect(
        _ tokenizer: Tokenizer,
        _ rows: [(text: String, ids: [Int32])],
        location: SourceLocation = #_sourceLocation
    ) {
        for row in rows {
            let ids = tokenizer.encode(row.text, addSpecialTokens: false)
            #expect(ids == row.ids, "\(row.text)", sourceLocation: location)
        }
    }

    @Test func flagsDecideWhereAddedTokensMatchAndWhatTheyTake() throws {
        var file = TinyFile(tokens: Self.letters)
        file.addedTokens = [
            TinyFile.added(11, "<a>"),
            TinyFile.added(12, "<b>", "lstrip"),
            TinyFile.added(13, "<c>", "rstrip"),
            TinyFile.added(14, "ab", "single_word"),
            TinyFile.added(15, "<b><c>", "special"),
            TinyFile.added(16, "<x>", "lstrip", "rstrip"),
            TinyFile.added(17, " y"),
        ]
        expect(
            try file.load(),
            [
                ("x<a>y", [3, 11, 4]),
                ("x  <b>  y", [3, 12, 5, 17]),
                ("x  <c>  y", [3, 5, 5, 13, 17]),
                ("ab", [14]),
                ("xab", [3, 0, 1]),
                ("ab x ab", [14, 5, 3, 5, 14]),
                ("abx", [0, 1, 3]),
                ("<ab>", [6, 14, 7]),
                ("<b><c>", [15]),
                ("<b> <c>", [12, 5, 13]),
                ("  <x>  <x>  ", [16, 16]),
                ("<a><b>", [11, 12]),
                ("x <c> <b> y", [3, 5, 13, 12, 17]),
                ("<c>  <b>", [13, 12]),
                ("\u{E9}ab", [0, 1]),
                ("ab\u{200D}", [0, 1]),
                ("x\u{3000}<b>", [3, 12]),
            ]
        )
    }

    /// The reference gives the space that `<c>` took a second time, to ` y`; here it is gone.
    @Test func strippedSpaceBelongsToOneToken() throws {
        var file = TinyFile(tokens: Self.letters)
        file.addedTokens = [TinyFile.added(13, "<c>", "rstrip"), TinyFile.added(17, " ")]
        expect(try file.load(), [("<c>  y", [13, 4]), (" <c>", [17, 13])])
    }

    @Test func normalizedTokensMatchNormalizedText() throws {
        var file = TinyFile(tokens: Self.letters)
        file.normalizer = .object(["type": .string("Lowercase")])
        file.addedTokens = [
            TinyFile.added(11, "AB", "normalized"), TinyFile.added(12, "Ax", "special"),
        ]
        expect(
            try file.load(),
            [
                ("ab", [11]), ("AB x", [11, 5, 3]), ("Ax", [12]), ("ax", [0, 3]),
                ("xabx", [3, 11, 3]),
            ]
        )
    }

    @Test func textAfterAnAddedTokenIsNormalizedOnItsOwn() throws {
        var file = TinyFile(tokens: Self.letters)
        file.addedTokens = [TinyFile.added(11, "<s>", "special")]
        file.normalizer = try JSON(
            parsing: #"""
                {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
                """#
        )
        expect(
            try file.load(),
            [("a<s>b", [10, 0, 11, 10, 1]), ("<s> b", [11, 10, 10, 1]), ("", [])]
        )
        file.normalizer = .null
        file.preTokenizer = .object([
            "type": .string("Metaspace"), "prepend_scheme": .string("first"),
        ])
        expect(
            try file.load(),
            [
                ("a<s>b", [10, 0, 11, 1]), ("<s>b", [11, 1]), (" a", [10, 0]), ("<s>", [11]),
                ("a b", [10, 0, 10, 1]),
            ]
        )
    }

    @Test func postProcessorsWrapATextInTheirTokens() throws {
        let processors = [
            (#"{"type": "RobertaProcessing", "sep": ["b", 1], "cls": ["a", 0]}"#, [0, 4, 1]),
            (#"{"type": "BertProcessing", "sep": ["b", 1], "cls": ["a", 0]}"#, [0, 4, 1]),
            (
                #"""
                {"type": "Sequence", "processors": [{"type": "ByteLevel"},
                {"type": "TemplateProcessing", "single": [
                {"SpecialToken": {"id": "a", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "b", "type_id": 0}}], "pair": [], "special_tokens": {
                "a": {"id": "a", "ids": [0, 2], "tokens": ["a", "c"]},
                "b": {"id": "b", "ids": [1], "tokens": ["b"]}}}]}
                """#, [0, 2, 4, 1]
            ),
        ]
        for (json, ids) in processors {
            var file = TinyFile(tokens: Self.letters)
            file.postProcessor = try JSON(parsing: json)
            let tokenizer = try file.load()
            #expect(tokenizer.encode("y", addSpecialTokens: true) == ids.map { Int32($0) })
            #expect(tokenizer.encode("y", addSpecialTokens: false) == [4])
        }
    }

    @Test func specialTokensAreLeftOutOnlyWhenAsked() throws {
        var file = TinyFile(tokens: Self.letters)
        file.addedTokens = [TinyFile.added(11, "<s>", "special"), TinyFile.added(12, "<t>")]
        let tokenizer = try file.load()
        #expect(tokenizer.text([0, 11, 12, 1], skipSpecialTokens: false) == "a<s><t>b")
        #expect(tokenizer.text([0, 11, 12, 1], skipSpecialTokens: true) == "a<t>b")
        #expect(tokenizer.isSpecial(11) && !tokenizer.isSpecial(12) && !tokenizer.isSpecial(99))
        #expect(tokenizer.vocabularySize == 13)
        #expect(tokenizer.id(of: "<t>") == 12 && tokenizer.id(of: "x") == 3)
        #expect(tokenizer.id(of: "nothing") == nil)
    }

    @Test func theConfigurationAddsTokensAndRoles() throws {
        let configuration = try JSON(
            parsing: #"""
                {"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": true,
                "add_eos_token": true, "bos_token": {"content": "<s>"}, "eos_token": "</s>",
                "added_tokens_decoder": {"11": {"content": "<s>", "special": false},
                "13": {"content": "</s>", "special": true, "normalized": false},
                "14": {"content": "<pad>", "normalized": false}}}
                """#
        )
        var file = TinyFile(tokens: Self.letters)
        file.addedTokens = [TinyFile.added(11, "<s>", "special")]
        let tokenizer = try file.load(configuration: configuration)
        #expect(tokenizer.encode("a", addSpecialTokens: true) == [11, 0, 13])
        #expect(tokenizer.encode("<pad></s>", addSpecialTokens: false) == [14, 13])
        #expect(tokenizer.isSpecial(11) && tokenizer.isSpecial(13) && !tokenizer.isSpecial(14))
    }

    /// tokenizer_config.json must not change what tokenizer.json says where the two agree.
    @Test(arguments: GoldenTests.folders)
    func realConfigurationsKeepTheIds(_ folder: String) throws {
        let tokenizer = try TestTokenizers.load("tokenizers/" + folder, withConfiguration: true)
        for entry in try Assets.json("tokenizers/\(folder)/golden.json")["cases"]?.array ?? [] {
            let text = try #require(entry["text"]?.string)
            let ids = try TestTokenizers.ids(entry["ids"])
            #expect(tokenizer.encode(text, addSpecialTokens: true) == ids, "\(text)")
        }
    }

    /// The end token of Llama 2, whose file leaves its role to the configuration.
    @Test func roleTokensAreLeftOut() throws {
        let tokenizer = try TestTokenizers.load("tokenizers/llama2", withConfiguration: true)
        #expect(tokenizer.isSpecial(2))
        #expect(tokenizer.text([15043, 2], skipSpecialTokens: true) == "Hello")
    }
}
