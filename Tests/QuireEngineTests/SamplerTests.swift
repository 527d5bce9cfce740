import Glibc
import QuireEngine
import Testing

/// The sampler against vLLM's formulas, written again in doubles and with full sorts.
@Suite struct SamplerTests {
    typealias Fields = SamplingParameters.Fields

    private func sample(
        _ logits: [Float],
        outputIndex: Int = 0,
        history: TokenHistory? = nil,
        _ change: (inout Fields) -> Void
    ) -> StepResult.Outcome {
        var fields = Fields()
        change(&fields)
        var sampler = Sampler(vocabularySize: logits.count)
        return sampler.sample(
            logits.span,
            StepSample(
                logitsIndex: 0,
                purpose: .next(outputIndex: outputIndex, position: outputIndex),
                sampling: SamplingParameters(fields),
                history: history
            )
        )
    }

    private func token(_ outcome: StepResult.Outcome) -> Int32? {
        if case .token(let token, _) = outcome { token } else { nil }
    }

    private func logprobs(_ outcome: StepResult.Outcome) -> TokenLogprobs? {
        if case .token(_, let logprobs) = outcome { logprobs } else { nil }
    }

    private func greedy(
        _ logits: [Float],
        outputIndex: Int = 0,
        history: TokenHistory? = nil,
        _ change: (inout Fields) -> Void = { _ in }
    ) -> Int32? {
        token(
            sample(logits, outputIndex: outputIndex, history: history) {
                $0.temperature = 0
                change(&$0)
            }
        )
    }

    private func history(prompt: [Int32], output: [Int32]) -> TokenHistory {
        let history = TokenHistory(promptTokens: prompt, maxCount: 100)
        for token in output { history.append(token) }
        return history
    }

    private func randomLogits(_ count: Int, seed: UInt64, spread: Float = 4) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            // Roughly normal: a sum of four uniform numbers.
            (0..<4).reduce(0) { sum, _ in sum + Float.random(in: -spread...spread, using: &random) }
        }
    }

    // MARK: Which token

    @Test func greedyTakesTheLargestAndOfEqualOnesTheLowestID() {
        #expect(greedy([1, 5, 3, 5]) == 1)
        #expect(greedy([Float](repeating: 2, count: 100)) == 0)
        var logits = randomLogits(3000, seed: 1)
        logits[2999] = 100
        #expect(greedy(logits) == 2999)
    }

    @Test func unusableLogitsAreAFaultOfTheRow() {
        for bad in [[1, .nan, 2], [1, .infinity, 2], [-.infinity, -.infinity]] as [[Float]] {
            guard case .fault(let message) = sample(bad, { $0.temperature = 0 }) else {
                Issue.record("\(bad) was sampled")
                continue
            }
            #expect(message.contains("not finite"))
        }
    }

    @Test func allowedTokensAreTheOnlyOnes() {
        #expect(greedy([1, 9, 3, 2]) { $0.allowedTokens = [0, 2] } == 2)
        // Ids beyond the vocabulary are no tokens.
        #expect(greedy([1, 9, 3, 2]) { $0.allowedTokens = [-1, 7, 3] } == 3)
        guard case .unservable = sample([1, 2], { $0.allowedTokens = [] }) else {
            Issue.record("a token was found in nothing")
            return
        }
    }

    @Test func aBiasMovesALogit() {
        #expect(greedy([1, 2, 3]) { $0.logitBias = [(0, 2.5), (9, 100), (-1, 100)] } == 0)
        #expect(greedy([1, 2, 3]) { $0.logitBias = [(2, -100)] } == 1)
    }

    @Test func stopAndEndTokensWaitForMinTokens() {
        func change(_ fields: inout Fields) {
            fields.minTokens = 2
            fields.endTokens = [3]
            fields.stopTokens = [2]
        }
        #expect(greedy([1, 2, 3, 4], outputIndex: 0, change) == 1)
        #expect(greedy([1, 2, 3, 4], outputIndex: 1, change) == 1)
        #expect(greedy([1, 2, 3, 4], outputIndex: 2, change) == 3)
    }

    @Test func aBadWordIsForbiddenWhereItWouldBeCompleted() {
        let words: [[Int32]] = [[2], [1, 1, 3]]
        func next(_ output: [Int32]) -> Int32? {
            greedy([0, 1, 5, 4], history: history(prompt: [1, 1], output: output)) {
                $0.badWords = words
            }
        }
        // The prompt does not count, as in vLLM.
        #expect(next([]) == 3)
        #expect(next([1]) == 3)
        #expect(next([1, 1]) == 1)
        #expect(next([1, 1, 0]) == 3)
    }

    @Test func penaltiesAreThoseOfTheFormula() {
        var random = SeededGenerator(seed: 5)
        for seed in 0..<50 as Range<UInt64> {
            let logits = randomLogits(40, seed: seed)
            let prompt = (0..<9).map { _ in Int32.random(in: 0..<40, using: &random) }
            let output = (0..<9).map { _ in Int32.random(in: 0..<40, using: &random) }
            let repetition = Float.random(in: 0.5...2, using: &random)
            let frequency = Float.random(in: -2...2, using: &random)
            let presence = Float.random(in: -2...2, using: &random)
            var best = (token: -1, logit: -Double.infinity)
            for (token, logit) in logits.enumerated() {
                let count = output.count { Int($0) == token }
                var value = Double(logit)
                if count > 0 || prompt.contains(Int32(token)) {
                    value = value > 0 ? value / Double(repetition) : value * Double(repetition)
                }
                value -= Double(frequency) * Double(count)
                if count > 0 { value -= Double(presence) }
                if value > best.logit { best = (token, value) }
            }
            let got = greedy(logits, history: history(prompt: prompt, output: output)) {
                $0.repetitionPenalty = repetition
                $0.frequencyPenalty = frequency
                $0.presencePenalty = presence
            }
            #expect(got == Int32(best.token))
        }
    }

    // MARK: Randomness

    /// Probabilities by the definition: temperature, min_p, top_k (ties kept), top_p.
    private func probabilities(_ logits: [Float], _ fields: Fields) -> [Double] {
        let scaled = logits.map { Double($0) / Double(fields.temperature) }
        let maximum = scaled.max() ?? 0
        var weights = scaled.map { exp($0 - maximum) }
        for index in weights.indices where weights[index] < Double(fields.minP) {
            weights[index] = 0
        }
        let order = weights.indices.sorted {
            weights[$0] > weights[$1] || weights[$0] == weights[$1] && $0 < $1
        }
        if fields.topK > 0, fields.topK < logits.count {
            let last = weights[order[fields.topK - 1]]
            for index in weights.indices where weights[index] < last { weights[index] = 0 }
        }
        let total = weights.reduce(0, +)
        var before = 0.0
        if fields.topP < 1 {
            for index in order {
                let weight = weights[index]
                if before >= Double(fields.topP) * total { weights[index] = 0 }
                before += weight
            }
        }
        let kept = weights.reduce(0, +)
        return weights.map { $0 / kept }
    }

    struct Filters: Sendable {
        var temperature: Float = 1
        var topK = 0
        var topP: Float = 1
        var minP: Float = 0
    }

    @Test(arguments: [
        Filters(), Filters(temperature: 0.5), Filters(temperature: 3), Filters(topK: 5),
        Filters(topP: 0.7), Filters(minP: 0.1), Filters(temperature: 1.5, topK: 12, topP: 0.8),
        Filters(temperature: 2, topK: 20, topP: 0.9, minP: 0.05), Filters(topP: 1e-6),
        Filters(topK: 1), Filters(topK: 1000),
    ])
    func drawsFollowTheDistribution(filters: Filters) {
        let logits = randomLogits(30, seed: 11, spread: 1)
        var fields = Fields()
        fields.temperature = filters.temperature
        fields.topK = filters.topK
        fields.topP = filters.topP
        fields.minP = filters.minP
        let wanted = probabilities(logits, fields)
        let drawCount = 20_000
        var counts = [Int](repeating: 0, count: logits.count)
        var sampler = Sampler(vocabularySize: logits.count)
        for position in 0..<drawCount {
            // Both halves of the key vary.
            fields.seed = UInt64(position % 100)
            let outcome = sampler.sample(
                logits.span,
                StepSample(
                    logitsIndex: 0,
                    purpose: .next(outputIndex: position / 100, position: position / 100),
                    sampling: SamplingParameters(fields),
                    history: nil
                )
            )
            counts[Int(token(outcome) ?? 0)] += 1
        }
        var chiSquare = 0.0
        var degrees = -1.0
        for (count, probability) in zip(counts, wanted) {
            guard probability > 0 else {
                #expect(count == 0, "a token that was filtered out")
                continue
            }
            let expected = probability * Double(drawCount)
            guard expected >= 5 else { continue }
            chiSquare += (Double(count) - expected) * (Double(count) - expected) / expected
            degrees += 1
        }
        // Four standard deviations above the mean; seeds are fixed, so this never flickers.
        #expect(chiSquare <= max(0, degrees) + 4 * (2 * max(0, degrees)).squareRoot() + 1e-9)
    }

    @Test(arguments: [
        Filters(temperature: 0.7, topK: 50), Filters(temperature: 1, topP: 0.95),
        Filters(temperature: 1, topK: 20_000, topP: 0.5), Filters(temperature: 4, minP: 0.3),
    ])
    func filtersOfALargeVocabularyKeepExactlyWhatTheyShould(filters: Filters) {
        let logits = randomLogits(151_936, seed: 3, spread: 2)
        var fields = Fields()
        fields.temperature = filters.temperature
        fields.topK = filters.topK
        fields.topP = filters.topP
        fields.minP = filters.minP
        let wanted = probabilities(logits, fields)
        var filter = CandidateFilter(vocabularySize: logits.count)
        filter.load(
            logits.span,
            maximum: logits.max() ?? 0,
            temperature: fields.temperature,
            minP: fields.minP
        )
        if fields.topK > 0 { filter.keepTop(fields.topK) }
        if fields.topP < 1 { filter.keepMass(fields.topP) }
        let kept = filter.keptTokens
        let wantedCount = wanted.count { $0 > 0 }
        // At the cut itself f32 and doubles may differ in a token or two.
        let odd = Set(kept).symmetricDifference(
            wanted.indices.filter { wanted[$0] > 0 }.map { Int32($0) }
        )
        #expect(odd.count <= 2 + wantedCount / 10_000)
        #expect(!kept.isEmpty)
    }

    @Test func equalWeightsAtTheCutAreKeptByTopKAndTakenInOrderByTopP() {
        var filter = CandidateFilter(vocabularySize: 6)
        let logits: [Float] = [1, 2, 1, 2, 1, 0]
        filter.load(logits.span, maximum: 2, temperature: 1, minP: 0)
        filter.keepTop(3)
        #expect(filter.keptTokens == [0, 1, 2, 3, 4])
        let flat = [Float](repeating: 0, count: 6)
        filter.load(flat.span, maximum: 0, temperature: 1, minP: 0)
        filter.keepMass(0.5)
        #expect(filter.keptTokens == [0, 1, 2])
    }

    @Test func aRowsTokenDoesNotDependOnWhatWasSampledBefore() {
        let rows = (0..<40 as Range<UInt64>).map { randomLogits(300, seed: $0) }
        func tokens(_ order: [Int]) -> [Int32?] {
            var sampler = Sampler(vocabularySize: 300)
            var tokens = [Int32?](repeating: nil, count: rows.count)
            for index in order {
                var fields = Fields()
                fields.seed = UInt64(index)
                fields.topK = index % 2 == 0 ? 0 : 40
                fields.topP = index % 3 == 0 ? 1 : 0.9
                let row = rows[index]
                let outcome = sampler.sample(
                    row.span,
                    StepSample(
                        logitsIndex: 0,
                        purpose: .next(outputIndex: index * 7, position: index * 7),
                        sampling: SamplingParameters(fields),
                        history: nil
                    )
                )
                tokens[index] = token(outcome)
            }
            return tokens
        }
        var random = SeededGenerator(seed: 1)
        let wanted = tokens(Array(rows.indices))
        #expect(tokens(rows.indices.shuffled(using: &random)) == wanted)
        #expect(Set(wanted).count > 20)
    }

    @Test func theGeneratorIsUniformInSeedAndPosition() {
        for (seedStep, positionStep) in [(1, 0), (0, 1), (1, 1), (1 << 32, 0)] as [(UInt64, Int)] {
            var buckets = [Int](repeating: 0, count: 16)
            for index in 0..<16_000 {
                let value = CounterGenerator.uniform(
                    seed: UInt64(index) &* seedStep,
                    position: index * positionStep
                )
                #expect(value >= 0 && value < 1)
                buckets[Int(value * 16)] += 1
            }
            let chiSquare = buckets.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
            #expect(chiSquare < 15 + 4 * 5.5)
        }
    }

    // MARK: Logprobs

    @Test func logprobsAreOfTheRawLogits() throws {
        let logits = randomLogits(500, seed: 9)
        let total = log(logits.reduce(0.0) { $0 + exp(Double($1)) })
        let outcome = sample(logits) {
            $0.temperature = 0
            $0.logprobs = 5
            $0.logitBias = [(7, 100)]
        }
        let got = try #require(logprobs(outcome))
        #expect(got.chosen.token == 7)
        #expect(abs(Double(got.chosen.logprob) - (Double(logits[7]) - total)) < 1e-5)
        #expect(got.rank == logits.count { $0 >= logits[7] })
        let order = logits.indices.sorted { logits[$0] > logits[$1] }
        #expect(got.top.map(\.token) == order.prefix(5).map { Int32($0) })
        for entry in got.top {
            #expect(abs(Double(entry.logprob) - (Double(logits[Int(entry.token)]) - total)) < 1e-5)
        }
    }

    @Test func logprobsMayBeOfTheWholeVocabulary() throws {
        let logits = randomLogits(200, seed: 2).map { $0.rounded() }
        for (count, wanted) in [(-1, 200), (0, 0), (64, 64), (65, 65), (500, 200)] {
            let outcome = sample(logits) { $0.logprobs = count }
            let got = try #require(logprobs(outcome))
            let order = logits.indices.sorted {
                logits[$0] > logits[$1] || logits[$0] == logits[$1] && $0 < $1
            }
            #expect(got.top.map(\.token) == order.prefix(wanted).map { Int32($0) })
        }
    }

    @Test func aPromptTokensLogprobIsReportedAndAStrangeOneIsAFault() throws {
        var fields = Fields()
        fields.promptLogprobs = 1
        var sampler = Sampler(vocabularySize: 3)
        let logits: [Float] = [0, 1, 0]
        func report(_ token: Int32) -> StepResult.Outcome {
            sampler.sample(
                logits.span,
                StepSample(
                    logitsIndex: 0,
                    purpose: .promptToken(token),
                    sampling: SamplingParameters(fields),
                    history: nil
                )
            )
        }
        let got = try #require(logprobs(report(2)))
        #expect(got.chosen.token == 2 && got.rank == 3 && got.top.map(\.token) == [1])
        guard case .fault = report(3) else {
            Issue.record("token 3 of 3 was found")
            return
        }
    }
}
