import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// Pre-tokenizers, normalisers and decoders alone, against the reference library's output.
@Suite struct ComponentTests {
    /// Parts of models that are not of the byte-pair kind; they are refused by name.
    private static let leftOut: [String: String] = [
        "bert": "BertPreTokenizer is of WordPiece models",
        "bert_uncased": "BertNormalizer is of WordPiece models",
        "bert_cased": "BertNormalizer is of WordPiece models",
        "unicode_scripts": "UnicodeScripts is of no byte-pair model",
        "nfkc": "NFKC is of Unigram models",
        "nfkd": "NFKD is of Unigram models",
        "t5_precompiled": "Precompiled is of Unigram models",
        "wordpiece": "WordPiece is a decoder of WordPiece models",
        "wordpiece_nocleanup": "WordPiece is a decoder of WordPiece models",
        "bpe_suffix": "BPEDecoder is of no model here",
        "ctc": "CTC is of speech models",
    ]

    private func rows(_ kind: String) throws -> [(name: String, config: JSON, cases: [JSON])] {
        let golden = try Assets.json("tokenizers/components.golden.json")
        return try #require(golden[kind]?.array).map { row in
            (
                try #require(row["name"]?.string),
                try #require(row["config"]),
                try #require(row["cases"]?.array)
            )
        }
    }

    /// Whether the row is one that is left out; it must then be refused, not misread.
    private func isLeftOut(
        _ name: String,
        _ make: () throws(TokenizerError) -> Void
    ) -> Bool {
        guard let reason = Self.leftOut[name] else { return false }
        print("left out: \(name): \(reason)")
        do throws(TokenizerError) {
            try make()
            Issue.record("\(name) is listed as left out but was read")
        } catch {
            guard case .unsupported = error else {
                Issue.record("\(name): \(error)")
                return true
            }
        }
        return true
    }

    @Test func preTokenizersCutAsTheReference() throws {
        var count = 0
        for row in try rows("pre_tokenizers") {
            if isLeftOut(
                row.name,
                { () throws(TokenizerError) in _ = try PreTokenizer(row.config) }
            ) {
                continue
            }
            let preTokenizer = try PreTokenizer(row.config)
            for entry in row.cases {
                let text = try #require(entry["text"]?.string)
                let pieces = try #require(entry["pieces"]?.array).compactMap(\.string)
                #expect(preTokenizer.pieces(of: text) == pieces, "\(row.name): \(text)")
                count += 1
            }
        }
        #expect(count > 1000)
    }

    @Test func normalizersRewriteAsTheReference() throws {
        var count = 0
        for row in try rows("normalizers") {
            if isLeftOut(row.name, { () throws(TokenizerError) in _ = try Normalizer(row.config) })
            {
                continue
            }
            let normalizer = try Normalizer(row.config)
            for entry in row.cases {
                let text = try #require(entry["text"]?.string)
                let normalized = try #require(entry["normalized"]?.string)
                let found = normalizer.normalized(text)
                // String equality is canonical; bytes tell forms apart.
                #expect(Array(found.utf8) == Array(normalized.utf8), "\(row.name): \(text)")
                count += 1
            }
        }
        #expect(count > 400)
    }

    @Test func decodersJoinAsTheReference() throws {
        var count = 0
        for row in try rows("decoders") {
            if isLeftOut(
                row.name,
                { () throws(TokenizerError) in
                    _ = try TinyFile(tokens: [], decoder: row.config).load()
                }
            ) {
                continue
            }
            for entry in row.cases {
                let tokens = try #require(entry["tokens"]?.array).compactMap(\.string)
                let decoded = try #require(entry["decoded"]?.string)
                let tokenizer = try TinyFile(tokens: tokens, decoder: row.config).load()
                let ids = tokens.compactMap { tokenizer.id(of: $0) }
                let text = tokenizer.text(ids, skipSpecialTokens: false)
                #expect(text == decoded, "\(row.name): \(tokens)")
                count += 1
            }
        }
        #expect(count >= 24)
    }
}
