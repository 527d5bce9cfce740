import QuireEngine
import QuireJSON
import QuireTelemetry
import QuireTestSupport
import Testing

/// A real model through the whole engine: the text does not depend on how it was scheduled.
@Suite struct GoldenEngineTests {
    private static let settings: [Stories.Setting] = [
        .init(name: "as served"),
        .init(name: "one at a time", maxSequences: 1),
        .init(name: "blocks of 8", blockSize: 8),
        .init(name: "chunks of 7", maxRows: 7),
        .init(name: "chunks of 7, blocks of 8", maxRows: 7, blockSize: 8),
        .init(name: "without prefix cache", isSharing: false),
        .init(name: "two threads", threadCount: 2),
        .init(name: "two threads, chunks of 7", maxRows: 7, threadCount: 2),
    ]

    @Test(arguments: settings)
    func eachStoryAloneIsTheGolden(setting: Stories.Setting) throws {
        for (index, story) in try Stories.cases().enumerated() {
            let run = EngineRun(setting.configuration)
            let answers = try run.answers(
                to: [Stories.request(story.prompt, count: story.greedy.count, index: index)]
            ) { try Stories.makeExecutor(setting) }
            #expect(answers[0].tokens == story.greedy, "story \(index)")
            #expect(answers[0].reason == .length)
        }
    }

    @Test(arguments: settings)
    func thirtyThreeStoriesTogetherAreTheGoldens(setting: Stories.Setting) throws {
        let run = try expectGoldens(setting)
        #expect(run.metrics.preemptions.value == 0)
        // The prompts come three times; in chunks, the second ones find the first ones' blocks.
        if setting.isSharing, setting.maxSequences == 1 {
            #expect(run.metrics.prefixHits.value > 0)
        }
        if !setting.isSharing { #expect(run.metrics.prefixQueries.value == 0) }
    }

    @Test(arguments: [true, false], [1, 2])
    func storiesAreTheGoldensUnderForcedPreemption(isSharing: Bool, threadCount: Int) throws {
        let run = try expectGoldens(
            Stories.Setting(
                name: "tiny pool",
                maxRows: 64,
                blockSize: 8,
                blockCount: 64,
                isSharing: isSharing,
                threadCount: threadCount
            )
        )
        #expect(run.metrics.preemptions.value > 10)
    }

    private func expectGoldens(_ setting: Stories.Setting) throws -> EngineRun {
        let cases = try Stories.cases()
        #expect(cases.count == 11)
        let stories = cases + cases + cases
        let run = EngineRun(setting.configuration)
        let answers = try run.answers(
            to: stories.enumerated().map { index, story in
                Stories.request(story.prompt, count: story.greedy.count, index: index)
            }
        ) { try Stories.makeExecutor(setting) }
        for (index, story) in stories.enumerated() {
            #expect(answers[index].tokens == story.greedy, "story \(index)")
        }
        #expect(run.sink.complaints.isEmpty)
        return run
    }

    @Test func logprobsAreThoseOfTheGoldens() throws {
        let cases = try Stories.cases()
        let setting = Stories.Setting(name: "as served")
        let answers = try EngineRun(setting.configuration).answers(
            to: cases.enumerated().map { index, story in
                Stories.request(story.prompt, index: index) { $0.logprobs = 5 }
            }
        ) { try Stories.makeExecutor(setting) }
        for (answer, story) in zip(answers, cases) {
            #expect(answer.logprobs.count == story.top.count)
            for (got, wanted) in zip(answer.logprobs, story.top) {
                #expect(got.rank == 1)
                #expect(got.chosen == got.top.first)
                for (entry, (token, logprob)) in zip(got.top, wanted) {
                    #expect(abs(Double(entry.logprob) - logprob) < 2e-3)
                    if entry.token != token { #expect(abs(Double(entry.logprob) - logprob) < 1e-3) }
                }
            }
        }
    }

    @Test(arguments: [512, 3])
    func promptLogprobsAreThoseOfTheGoldens(maxRows: Int) throws {
        let golden =
            try Assets.json(Stories.folder + "/golden.json")["prompt_logprobs"]?.array ?? []
        #expect(golden.count == 4)
        let setting = Stories.Setting(name: "", maxRows: maxRows)
        let answers = try EngineRun(setting.configuration).answers(
            to: golden.enumerated().map { index, json in
                Stories.request(Stories.tokens(json["ids"]), count: 1, index: index) {
                    $0.promptLogprobs = 1
                }
            }
        ) { try Stories.makeExecutor(setting) }
        for (answer, json) in zip(answers, golden) {
            let wanted = (json["prompt_logprobs"]?.array ?? []).dropFirst().compactMap(\.double)
            #expect(answer.promptLogprobs.count == wanted.count)
            #expect(
                answer.promptLogprobs.map(\.chosen.token)
                    == Array(Stories.tokens(json["ids"]).dropFirst())
            )
            for (got, logprob) in zip(answer.promptLogprobs, wanted) {
                #expect(abs(Double(got.chosen.logprob) - logprob) < 2e-3)
                #expect(got.rank == 1 || got.top[0].logprob > got.chosen.logprob)
            }
        }
    }

    @Test func aSeededAnswerIsTheSameAloneAndInACrowd() throws {
        let cases = try Stories.cases()
        func requests(_ range: Range<Int>) -> [EngineRequest] {
            range.map { index in
                Stories.request(cases[index % cases.count].prompt, index: index) {
                    $0.temperature = 1.3
                    $0.topP = 0.9
                    $0.topK = 50
                    $0.frequencyPenalty = 0.3
                    $0.seed = UInt64(index)
                }
            }
        }
        let crowd = Stories.Setting(name: "crowd", maxRows: 40, blockSize: 8, blockCount: 100)
        let alone = Stories.Setting(name: "alone", maxSequences: 1)
        let together = try EngineRun(crowd.configuration)
            .answers(to: requests(0..<40)) { try Stories.makeExecutor(crowd) }
        for index in [0, 13, 39] {
            let single = try EngineRun(alone.configuration)
                .answers(to: requests(index..<index + 1)) { try Stories.makeExecutor(alone) }
            #expect(single[0].tokens == together[index].tokens)
        }
        #expect(together[0].tokens != together[11].tokens)
    }
}
