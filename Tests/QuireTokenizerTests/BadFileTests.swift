import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// Files that cannot be right: each is refused with a typed error that names the place.
@Suite struct BadFileTests {
    private enum Refusal { case malformed, invalid, unsupported }

    private func refusal(_ json: String) -> (kind: Refusal, text: String)? {
        do throws(TokenizerError) {
            _ = try Tokenizer(tokenizerJSON: Array(json.utf8))
            return nil
        } catch {
            let text = error.description
            return switch error {
            case .malformed: (.malformed, text)
            case .invalid: (.invalid, text)
            case .unsupported: (.unsupported, text)
            }
        }
    }

    private func expect(
        _ rows: [(json: String, kind: Refusal, mention: String)],
        location: SourceLocation = #_sourceLocation
    ) {
        for row in rows {
            let found = refusal(row.json)
            #expect(found?.kind == row.kind, "\(row.json)", sourceLocation: location)
            let names = found?.text.contains(row.mention) ?? false
            #expect(names, "\(row.json): \(found?.text ?? "")", sourceLocation: location)
        }
    }

    /// A file that is right but for the given model.
    private func model(_ members: String) -> String { #"{"model": {\#(members)}}"# }

    /// A file that is right but for the given part.
    private func part(_ member: String) -> String {
        #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}, \#(member)}"#
    }

    @Test func brokenTextsAreMalformed() {
        expect([
            ("", .malformed, "byte 0"),
            ("[]", .malformed, "object"),
            ("{", .malformed, "ends"),
            (#"{"model": 3}"#, .malformed, "object"),
            (model(#""vocab": {"a": "b"}"#), .malformed, "number"),
            (model(#""vocab": {"a": 1.5}"#), .malformed, "integer"),
            (model(#""vocab": {"a": 0}, "merges": {}"#), .malformed, "array"),
            (model(#""vocab": {"a": 0}, "merges": [3]"#), .malformed, "string"),
            (model(#""vocab": {"a": 0}, "merges": [["a", 3]]"#), .malformed, "string"),
            (part(#""decoder": null} x"#), .malformed, "after the end"),
            (
                #"{"normalizer": \#(String(repeating: "[", count: 500))"#, .malformed,
                "nested deeper"
            ),
        ])
    }

    @Test func modelsThatCannotBeAreInvalid() {
        expect([
            ("{}", .invalid, "model"),
            (model(#""type": "BPE", "merges": []"#), .invalid, "vocab"),
            (model(#""type": "BPE", "vocab": {}"#), .invalid, "merges"),
            (model(#""type": "BPE", "vocab": [], "merges": []"#), .invalid, "vocab"),
            (model(#""type": 3"#), .invalid, "type"),
            (model(#""vocab": {"a": -1}, "merges": []"#), .invalid, "-1"),
            (model(#""vocab": {"a": 2097152}, "merges": []"#), .invalid, "2097152"),
            (model(#""vocab": {"a": 0, "b": 0}, "merges": []"#), .invalid, "twice"),
            (model(#""vocab": {"a": 0, "a": 1}, "merges": []"#), .invalid, "twice"),
            (model(#""vocab": {"a": 0}, "merges": ["a"]"#), .invalid, "merges[0]"),
            (model(#""vocab": {"a": 0}, "merges": ["a b"]"#), .invalid, "merges[0]"),
            (model(#""vocab": {"a": 0}, "merges": ["a a"]"#), .invalid, "merges[0]"),
            (model(#""vocab": {"a": 0}, "merges": [["a"]]"#), .invalid, "two"),
            (model(#""vocab": {"a": 0}, "merges": [["a", "a", "a"]]"#), .invalid, "two"),
            (model(#""vocab": {"a": 0}, "merges": [], "unk_token": "u""#), .invalid, "unk_token"),
            (model(#""vocab": {"a": 0}, "merges": [], "fuse_unk": "no""#), .invalid, "fuse_unk"),
        ])
    }

    @Test func otherModelsAreUnsupported() {
        expect([
            (model(#""type": "Unigram", "vocab": [["a", -1.0]]"#), .unsupported, "Unigram"),
            (model(#""type": "WordPiece", "vocab": {"a": 0}"#), .unsupported, "WordPiece"),
            (model(#""vocab": {"a": 0}"#), .unsupported, "without a type"),
            (model(#""vocab": {"a": 0}, "merges": [], "dropout": 0.1"#), .unsupported, "dropout"),
        ])
    }

    @Test func partsThatCannotBeAreRefused() {
        expect([
            (part(#""normalizer": {}"#), .invalid, "type"),
            (part(#""normalizer": {"type": "NFKD"}"#), .unsupported, "NFKD"),
            (part(#""normalizer": {"type": "Sequence"}"#), .invalid, "normalizers"),
            (
                part(#""normalizer": {"type": "Sequence", "normalizers": [{"type": 1}]}"#),
                .invalid, "normalizers[0]"
            ),
            (part(#""normalizer": {"type": "Replace", "content": ""}"#), .invalid, "pattern"),
            (
                part(
                    #""normalizer": {"type": "Replace", "pattern": {"Regex": "(a"}, "content": ""}"#
                ),
                .unsupported, "unmatched ("
            ),
            (
                part(#""pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}}"#), .invalid,
                "behavior"
            ),
            (
                part(
                    #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?<=a)b"}, "behavior": "Isolated"}"#
                ), .unsupported, "(?<"
            ),
            (
                part(
                    #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a\\1"}, "behavior": "Isolated"}"#
                ), .unsupported, "\\1"
            ),
            (part(#""pre_tokenizer": {"type": "UnicodeScripts"}"#), .unsupported, "UnicodeScripts"),
            (
                part(#""pre_tokenizer": {"type": "Metaspace", "replacement": "ab"}"#), .invalid,
                "replacement"
            ),
            (
                part(
                    #""pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Metaspace"}]}"#
                ), .unsupported, "adds to ByteLevel"
            ),
            (part(#""post_processor": {"type": "What"}"#), .unsupported, "What"),
            (part(#""post_processor": {"type": "BertProcessing"}"#), .invalid, "cls"),
            (
                part(
                    #""post_processor": {"type": "BertProcessing", "cls": ["a", 9], "sep": ["b", 1]}"#
                ),
                .invalid, "no token 9"
            ),
            (
                part(
                    #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}, {"Sequence": {"id": "A"}}], "special_tokens": {}}"#
                ), .invalid, "special_tokens has no a"
            ),
            (
                part(
                    #""post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}]}"#
                ), .unsupported, "template"
            ),
            (
                part(#""post_processor": {"type": "TemplateProcessing", "single": []}"#),
                .unsupported, "without the text"
            ),
            (part(#""decoder": {"type": "WordPiece"}"#), .unsupported, "WordPiece"),
            (
                part(
                    #""decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteFallback"}]}"#
                ), .unsupported, "decoders[1]"
            ),
            (
                part(
                    #""decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 0, "stop": 1}]}"#
                ), .unsupported, "end of the text"
            ),
            (
                part(#""decoder": {"type": "Strip", "content": " ", "start": -1, "stop": 1}"#),
                .invalid, "counts"
            ),
            (part(#""added_tokens": {}"#), .invalid, "array"),
            (part(#""added_tokens": [3]"#), .invalid, "added_tokens[0]"),
            (part(#""added_tokens": [{"content": "x"}]"#), .invalid, "id"),
            (part(#""added_tokens": [{"id": 5}]"#), .invalid, "content"),
            (part(#""added_tokens": [{"id": 3000000, "content": "x"}]"#), .invalid, "2097152"),
            (
                part(#""added_tokens": [{"id": 3, "content": "x", "special": "yes"}]"#), .invalid,
                "special"
            ),
        ])
    }

    /// Short patterns whose tree or program would be huge.
    @Test func patternsThatNestOrRepeatTooMuchAreRefused() {
        func split(_ pattern: String) -> String {
            part(
                #""normalizer": {"type": "Replace", "pattern": {"Regex": "\#(pattern)"}, "content": ""}"#
            )
        }
        let stars = String(repeating: "*", count: 200_000)
        let marks = String(repeating: "?", count: 200_000)
        let intervals = String(repeating: "{1}", count: 17)
        expect([
            (split("a" + stars), .unsupported, "stacked quantifiers"),
            (split("(?:ab)" + marks), .unsupported, "stacked quantifiers"),
            (split("a" + intervals), .unsupported, "stacked quantifiers"),
            (split("(){1000}{1000}"), .unsupported, "this large"),
            (split("(){1000}{1000}{1000}"), .unsupported, "this large"),
            (split("(){0,1000}{0,1000}"), .unsupported, "this large"),
            (split("a{1000}{1000}"), .unsupported, "this large"),
        ])
        #expect(refusal(split("a{1}{2}{3}*")) == nil)
    }

    @Test func badConfigurationsAreRefused() throws {
        let file = TinyFile(tokens: ["a"])
        for json in [
            #"{"added_tokens_decoder": {"x": {"content": "y"}}}"#,
            #"{"added_tokens_decoder": {"1": {}}}"#,
            #"{"added_tokens_decoder": {"1": 3}}"#,
            #"{"added_tokens_decoder": {"-1": {"content": "y"}}}"#,
        ] {
            #expect(throws: TokenizerError.self, "\(json)") {
                try file.load(configuration: try JSON(parsing: json))
            }
        }
    }

    /// Real files with bytes changed, and cut: they load or are refused, and what loads works.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func mutatedFilesNeverTrap(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let original = try Assets.bytes("models/stories260K/tokenizer.json")
        let snippets = [
            "null", "-1", "[]", "{}", "\"\"", "1e9", "true", "\"ByteLevel\"", "\"Sequence\"",
            "\"Metaspace\"", "2097151", "\"Strip\"", "\\u0000", "\u{2581}", "<0x00>",
        ].map { Array($0.utf8) }
        var loadedCount = 0
        for _ in 0..<40 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1:
                    let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
                    bytes.replaceSubrange(
                        place..<end,
                        with: snippets.randomElement(using: &random) ?? []
                    )
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + 3))
                default: if Int.random(in: 0..<20, using: &random) == 0 { bytes.removeLast(place) }
                }
            }
            guard let tokenizer = try? Tokenizer(tokenizerJSON: bytes) else { continue }
            loadedCount += 1
            let ids = tokenizer.encode("Once <s> upon\u{E9} a time", addSpecialTokens: true)
            let text = tokenizer.decode(ids, skipSpecialTokens: false)
            #expect(String(validating: text, as: UTF8.self) != nil, "seed \(seed)")
        }
        #expect(loadedCount > 0, "seed \(seed)")
    }
}
