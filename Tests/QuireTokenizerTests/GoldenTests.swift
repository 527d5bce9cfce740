import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// Every tokenizer of the assets against vectors of the reference library.
@Suite struct GoldenTests {
    static let folders = [
        "qwen2.5", "gpt2", "llama2", "mistral-7b", "phi-3-mini", "llama3", "glm4", "opt",
        "deepseek-coder",
    ]

    @Test(arguments: folders)
    func idsAndTextsMatchTheReference(_ folder: String) throws {
        let tokenizer = try TestTokenizers.load("tokenizers/" + folder)
        let golden = try Assets.json("tokenizers/\(folder)/golden.json")
        let size = try #require(golden["vocab_size_with_added"]?.int)
        #expect(tokenizer.vocabularySize == size)
        for entry in try #require(golden["cases"]?.array) {
            let name = try #require(entry["name"]?.string)
            let text = try #require(entry["text"]?.string)
            let ids = try TestTokenizers.ids(entry["ids"])
            #expect(tokenizer.encode(text, addSpecialTokens: true) == ids, "\(folder) \(name)")
            let plain = try TestTokenizers.ids(entry["ids_no_special"] ?? entry["ids"])
            #expect(tokenizer.encode(text, addSpecialTokens: false) == plain, "\(folder) \(name)")
            try expectDecodes(entry, plain, tokenizer, "\(folder) \(name)")
        }
        for (index, entry) in try #require(golden["random_ids"]?.array).enumerated() {
            let ids = try TestTokenizers.ids(entry["ids"])
            try expectDecodes(entry, ids, tokenizer, "\(folder) random \(index)")
        }
    }

    private func expectDecodes(
        _ entry: JSON,
        _ ids: [Int32],
        _ tokenizer: Tokenizer,
        _ name: String
    ) throws {
        let decoded = try #require(entry["decoded"]?.string)
        let skipping = entry["decoded_skip_special"]?.string ?? decoded
        #expect(tokenizer.text(ids, skipSpecialTokens: false) == decoded, "\(name)")
        #expect(tokenizer.text(ids, skipSpecialTokens: true) == skipping, "\(name)")
        let pieces = entry["stream"]?.array ?? []
        let hasDefect = pieces.contains { $0["error"] != nil }
        if !hasDefect {
            let joined = pieces.compactMap(\.string).joined()
            #expect(Array(skipping.utf8).starts(with: Array(joined.utf8)), "\(name)")
        }
    }

    /// The folders that have a second set of vectors.
    @Test(arguments: ["qwen2.5", "gpt2", "llama2", "phi-3-mini", "llama3", "deepseek-coder"])
    func idsMatchTheVectorsOfAnotherImplementation(_ folder: String) throws {
        let tokenizer = try TestTokenizers.load("tokenizers/" + folder)
        let inputs = try Assets.text("tokenizers/\(folder)/llamacpp.inp")
            .split(separator: "\n__ggml_vocab_test__\n", omittingEmptySubsequences: false)
        let outputs = try Assets.text("tokenizers/\(folder)/llamacpp.out")
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(inputs.count >= 46)
        for (input, output) in zip(inputs, outputs) {
            let ids = output.split(separator: " ").compactMap { Int32($0) }
            #expect(tokenizer.encode(String(input), addSpecialTokens: false) == ids, "\(input)")
        }
    }
}
