import QuireJSON
import QuireKernels
import QuireTestSupport
import Testing

/// A trained model, kept in f32 and in bf16, against the transformers library.
@Suite struct StoriesGoldenTests {
    @Test(arguments: KernelSet.available)
    func greedyTokensInFloatAreExact(kernels: KernelSet) throws {
        let golden = try Assets.json("models/stories260K/golden.json")
        let subject = try ModelUnderTest("models/stories260K", kernels: kernels)
        let cases = try #require(golden["cases"]?.array)
        #expect(cases.count == 11)
        for item in cases {
            let prompt = try #require(item["prompt_ids"]).tokens
            let expected = try #require(item["greedy_ids"]).tokens
            #expect(expected.count == 64)
            let (tokens, logits) = subject.greedy(prompt, count: 64)
            #expect(tokens == expected, "\(item["prompt"]?.string ?? "")")
            #expect(try largestTopError(item, logits) <= 2e-3)
        }
    }

    @Test(arguments: KernelSet.available)
    func promptLogProbabilitiesAreThoseOfTheGolden(kernels: KernelSet) throws {
        let golden = try Assets.json("models/stories260K/golden.json")
        let subject = try ModelUnderTest("models/stories260K", kernels: kernels)
        let cases = try #require(golden["prompt_logprobs"]?.array)
        #expect(!cases.isEmpty)
        for item in cases {
            let ids = try #require(item["ids"]).tokens
            let expected = try #require(item["prompt_logprobs"]?.array)
            let rows = subject.logits(of: ids)
            for index in 1..<ids.count {
                let logprob = ModelUnderTest.logProbabilities(rows[index - 1])[Int(ids[index])]
                let golden = try #require(expected[index].double)
                #expect(abs(logprob - golden) <= 2e-3, "position \(index)")
            }
        }
    }

    /// The bars of bf16 weights: steps agree when each is fed the golden's tokens so far.
    @Test(arguments: KernelSet.available)
    func halfWidthWeightsAgreeWithTheFullOnes(kernels: KernelSet) throws {
        let golden = try Assets.json("models/stories260K/golden.json")
        let subject = try ModelUnderTest("models/stories260K", type: .bf16, kernels: kernels)
        var steps = 0
        var agreeing = 0
        for item in try #require(golden["cases"]?.array) {
            let prompt = try #require(item["prompt_ids"]).tokens
            let greedy = try #require(item["greedy_ids"]).tokens
            let rows = subject.logits(of: prompt + greedy.dropLast()).suffix(greedy.count)
            for (row, token) in zip(rows, greedy) {
                steps += 1
                agreeing += ModelUnderTest.argmax(row) == token ? 1 : 0
            }
            #expect(try largestTopError(item, Array(rows), topOnly: true) <= 0.15)
        }
        #expect(steps == 704)
        #expect(Double(agreeing) >= 0.98 * Double(steps), "\(agreeing) of \(steps)")
    }

    /// Weights that are bf16 in the file lose nothing when they are kept so.
    @Test(arguments: KernelSet.available)
    func halfWidthCheckpointIsExact(kernels: KernelSet) throws {
        let golden = try Assets.json("models/stories260K-bf16/golden.json")
        let subject = try ModelUnderTest("models/stories260K-bf16", type: .bf16, kernels: kernels)
        for item in try #require(golden["cases"]?.array) {
            let prompt = try #require(item["prompt_ids"]).tokens
            let expected = try #require(item["greedy_ids"]).tokens
            let (tokens, logits) = subject.greedy(prompt, count: 64)
            #expect(tokens == expected, "\(item["prompt"]?.string ?? "")")
            #expect(try largestTopError(item, logits) <= 2e-3)
        }
    }

    /// The largest difference to the golden's top five log probabilities (or the first of them).
    private func largestTopError(
        _ item: JSON,
        _ logits: [[Float]],
        topOnly: Bool = false
    ) throws -> Double {
        let steps = try #require(item["top5"]?.array)
        #expect(steps.count == logits.count)
        var worst = 0.0
        for (step, row) in zip(steps, logits) {
            let logprobs = ModelUnderTest.logProbabilities(row)
            for entry in try #require(step.array).prefix(topOnly ? 1 : 5) {
                let pair = try #require(entry.array)
                let token = try #require(pair[0].int)
                let golden = try #require(pair[1].double)
                worst = max(worst, abs(logprobs[token] - golden))
            }
        }
        return worst
    }
}
