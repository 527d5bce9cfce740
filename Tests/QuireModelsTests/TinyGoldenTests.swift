import QuireJSON
import QuireKernels
import QuireTestSupport
import Testing

/// Random-weight models of each architecture against the logits of the transformers library.
@Suite struct TinyGoldenTests {
    private static let models = ["llama", "llama_sharded", "qwen2", "qwen3", "mistral"]

    @Test(arguments: models, KernelSet.available)
    func logitsAndGreedyTokensAreThoseOfTheGolden(model: String, kernels: KernelSet) throws {
        let golden = try Assets.json("tiny/\(model)/golden.json")
        let cases = try #require(golden["cases"]?.array)
        #expect(cases.count == 3)
        let subject = try ModelUnderTest("tiny/\(model)", kernels: kernels)
        for item in cases {
            let prompt = try #require(item["input_ids"]).tokens
            let rows = subject.logits(of: prompt)
            let last = try #require(rows.last)

            let top = try #require(item["last_top10"]?.array)
            #expect(top.count == 10)
            for entry in top {
                let pair = try #require(entry.array)
                let token = try #require(pair[0].int)
                let logit = try #require(pair[1].double)
                #expect(abs(Double(last[token]) - logit) <= 2e-3, "token \(token)")
            }
            let sum = try #require(item["last_logsumexp"]?.double)
            #expect(abs(ModelUnderTest.logSumExp(last) - sum) <= 2e-3)
            let first = try #require(item["last_first8_logits"]).doubles
            #expect(first.count == 8)
            for (logit, expected) in zip(last, first) {
                #expect(abs(Double(logit) - expected) <= 2e-3)
            }
            let best = try #require(item["argmax_per_position"]).tokens
            #expect(rows.map { ModelUnderTest.argmax($0) } == best)
            let greedy = try #require(item["greedy_16"]).tokens
            #expect(subject.greedy(prompt, count: 16).tokens == greedy)
        }
    }
}
