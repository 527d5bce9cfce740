import QuireEngine
import QuireTelemetry
import Testing

/// The engine's steps one by one, over the shadow model.
@Suite struct SchedulingTests {
    /// A step loop with what it talks to.
    private struct Bench {
        let sink = RecordingSink()
        let executor: ShadowExecutor
        let metrics: EngineMetrics
        let loop: StepLoop

        init(
            maxRows: Int = 64,
            maxSequences: Int = 4,
            maxContext: Int = 64,
            blockCount: Int = 64,
            promptLogitsRows: Int = 3,
            isSharing: Bool = true
        ) {
            let capacity = ExecutorCapacity(
                maxRows: maxRows,
                maxSequences: maxSequences,
                maxLogitsRows: maxSequences + promptLogitsRows,
                maxContext: maxContext,
                blockCount: blockCount,
                blockSize: 4,
                vocabularySize: ShadowModel.vocabularySize
            )
            executor = ShadowExecutor(capacity)
            var registry = MetricsRegistry()
            metrics = EngineMetrics(&registry, maxContext: maxContext)
            loop = StepLoop(
                configuration: EngineConfiguration(
                    capacity: capacity,
                    prefixCacheKey: isSharing ? BlockHashKey(first: 3, second: 4) : nil,
                    now: { 0 }
                ),
                executor: executor,
                metrics: metrics,
                sink: sink
            )
        }

        func handle(_ commands: [EngineCommand]) {
            var commands = commands
            loop.handle(&commands)
        }

        /// Rows that the step computed.
        @discardableResult
        func step() throws -> Int {
            let before = executor.computedRows
            loop.schedule()
            loop.execute()
            loop.publish()
            try loop.checkInvariants()
            return executor.computedRows - before
        }

        func finish() throws { while !loop.isIdle { try step() } }
    }

    /// Prompts without faulty rows, `count` tokens long; different for different `variant`.
    private func prompt(_ count: Int, variant: Int32 = 0) -> [Int32] {
        var state = ShadowModel.State()
        var tokens: [Int32] = []
        var candidate = variant
        while tokens.count < count {
            let next = state.after(candidate % Int32(ShadowModel.vocabularySize))
            if !next.isFaulty {
                tokens.append(candidate % Int32(ShadowModel.vocabularySize))
                state = next
            }
            candidate += 1
        }
        return tokens
    }

    /// The first variant, from `start`, whose answer of `answerCount` tokens meets no fault.
    private func goodPrompt(_ count: Int, answerCount: Int, from start: Int32) -> [Int32] {
        var fields = SamplingParameters.Fields()
        fields.maxTokens = answerCount
        var variant = start
        while true {
            let prompt = prompt(count, variant: variant)
            let answer = ShadowModel.answer(to: prompt, fields, maxContext: .max)
            if answer.reason == .length { return prompt }
            variant += 1
        }
    }

    private func request(
        _ index: Int,
        _ prompt: [Int32],
        maxTokens: Int = 1,
        priority: Int = 0,
        salt: String = "",
        _ change: (inout SamplingParameters.Fields) -> Void = { _ in }
    ) -> EngineCommand {
        var fields = SamplingParameters.Fields()
        fields.maxTokens = maxTokens
        change(&fields)
        return .add(
            EngineRequest(
                address: EngineRun.address(index),
                promptTokens: prompt,
                sampling: SamplingParameters(fields),
                priority: priority,
                cacheSalt: salt,
                arrivalNanoseconds: 0
            )
        )
    }

    @Test func aLongPromptIsCutIntoStepsOfTheBudget() throws {
        let bench = Bench(maxRows: 7)
        bench.handle([request(0, prompt(20))])
        #expect(try (0..<3).map { _ in try bench.step() } == [7, 7, 6])
        #expect(bench.sink[EngineRun.address(0)].tokens.count == 1)
    }

    @Test func runningRequestsComeBeforeWaitingOnes() throws {
        let bench = Bench(maxRows: 8)
        bench.handle([request(0, prompt(4), maxTokens: 8)])
        try bench.step()
        bench.handle([request(1, prompt(20, variant: 9))])
        // One row decodes, seven go to the newcomer's prompt.
        #expect(try bench.step() == 8)
        #expect(bench.sink[EngineRun.address(0)].tokens.count == 2)
        bench.loop.abortAll()
    }

    @Test func anAbortedRequestsBlocksAreFreeBeforeTheNextStep() throws {
        let bench = Bench()
        bench.handle([request(0, prompt(20), maxTokens: 30)])
        try bench.step()
        #expect(bench.loop.usedBlockCount == 5)
        bench.handle([.abort(EngineRun.address(0)), .abort(EngineRun.address(0))])
        #expect(bench.loop.usedBlockCount == 0)
        #expect(bench.loop.isIdle)
        #expect(try bench.step() == 0)
        #expect(bench.sink[EngineRun.address(0)].reason == .abort)
        #expect(bench.sink.complaints.isEmpty)
    }

    @Test func anOwnerMayEndARequestAsAStop() throws {
        let bench = Bench()
        bench.handle([request(0, prompt(20), maxTokens: 30)])
        try bench.step()
        let stop = FinishReason.stop(stopToken: nil)
        bench.handle([.abort(EngineRun.address(0), as: stop), .abort(EngineRun.address(0))])
        #expect(bench.loop.isIdle)
        #expect(try bench.step() == 0)
        #expect(bench.sink[EngineRun.address(0)].reason == stop)
        #expect(bench.sink[EngineRun.address(0)].usage?.completionTokens == 1)
    }

    @Test func aRequestThatWaitsCanBeAborted() throws {
        let bench = Bench(maxSequences: 1)
        let commands = (0..<3).map { request($0, prompt(4, variant: Int32($0)), maxTokens: 2) }
        bench.handle(commands)
        try bench.step()
        bench.handle([.abort(EngineRun.address(1))])
        try bench.finish()
        #expect((0..<3).map { bench.sink[EngineRun.address($0)].tokens.count } == [2, 0, 2])
    }

    @Test func theBetterPriorityRunsFirstThenTheEarlierArrival() throws {
        let bench = Bench(maxSequences: 1)
        for (index, priority) in [5, 0, -1, 0].enumerated() {
            bench.handle([request(index, prompt(4, variant: Int32(index)), priority: priority)])
        }
        var order: [Int] = []
        while !bench.loop.isIdle {
            try bench.step()
            for index in 0..<4 where !order.contains(index) {
                if bench.sink[EngineRun.address(index)].reason != nil { order.append(index) }
            }
        }
        #expect(order == [2, 1, 3, 0])
    }

    @Test func aSecondEqualPromptComputesOnlyItsTail() throws {
        let bench = Bench()
        bench.handle([request(0, prompt(22))])
        #expect(try bench.step() == 22)
        bench.handle([request(1, prompt(22))])
        #expect(try bench.step() == 2)
        #expect(bench.sink[EngineRun.address(1)].usage?.cachedTokens == 20)
        #expect(bench.metrics.prefixQueries.value == 44)
        #expect(bench.metrics.prefixHits.value == 20)
        // A prompt of whole blocks: the last one is computed all the same, for its logits.
        bench.handle([request(2, prompt(20))])
        #expect(try bench.step() == 4)
        #expect(
            bench.sink[EngineRun.address(0)].tokens == bench.sink[EngineRun.address(1)].tokens
        )
    }

    @Test func generatedTokensCanBeFoundAgainToo() throws {
        let bench = Bench()
        bench.handle([request(0, prompt(10), maxTokens: 7)])
        try bench.finish()
        let answer = bench.sink[EngineRun.address(0)].tokens
        bench.handle([request(1, prompt(10) + answer)])
        try bench.finish()
        // All but the last token of the answer were computed: 16 of 17.
        #expect(bench.sink[EngineRun.address(1)].usage?.cachedTokens == 16)
    }

    @Test func anotherSaltSharesNothing() throws {
        let bench = Bench()
        bench.handle([request(0, prompt(22), salt: "a")])
        try bench.finish()
        bench.handle([request(1, prompt(22), salt: "b"), request(2, prompt(22), salt: "a")])
        try bench.finish()
        #expect(bench.sink[EngineRun.address(1)].usage?.cachedTokens == 0)
        #expect(bench.sink[EngineRun.address(2)].usage?.cachedTokens == 20)
    }

    @Test func sharedHeadsOutliveTails() throws {
        let bench = Bench(maxContext: 32, blockCount: 8)
        bench.handle([request(0, prompt(22))])
        try bench.finish()
        // Takes five of the eight blocks: the three that were never used or freed first.
        bench.handle([request(1, prompt(18, variant: 20))])
        try bench.finish()
        bench.handle([request(2, prompt(22))])
        try bench.finish()
        #expect(bench.sink[EngineRun.address(2)].usage?.cachedTokens == 12)
    }

    @Test func theLastRequestIsPreemptedAndComesBackWithTheSameText() throws {
        let bench = Bench(maxContext: 32, blockCount: 8)
        let prompts = [0, 25].map { goodPrompt(12, answerCount: 20, from: $0) }
        bench.handle(prompts.enumerated().map { request($0, $1, maxTokens: 20) })
        try bench.finish()
        #expect(bench.metrics.preemptions.value > 0)
        for (index, prompt) in prompts.enumerated() {
            var fields = SamplingParameters.Fields()
            fields.maxTokens = 20
            let wanted = ShadowModel.answer(to: prompt, fields, maxContext: 32)
            #expect(bench.sink[EngineRun.address(index)].tokens == wanted.tokens)
        }
    }

    @Test func whatAFaultyRequestLeftInTheCacheIsForgotten() throws {
        let bench = Bench(maxRows: 8)
        // A text whose last row is the first faulty one, behind at least two good blocks.
        var random = SeededGenerator(seed: 1)
        var tokens: [Int32] = []
        while tokens.count < 17 || tokens.count > 40 {
            tokens = (0..<8).map { _ in Int32.random(in: 0..<50, using: &random) }
            var state = tokens.reduce(ShadowModel.State()) { $0.after($1) }
            while !state.isFaulty, tokens.count <= 40 {
                tokens.append(state.nextToken)
                state = state.after(state.nextToken)
            }
        }
        bench.handle([request(0, tokens)])
        try bench.step()
        #expect(bench.metrics.prefixHits.value == 0)
        try bench.finish()
        #expect(bench.sink[EngineRun.address(0)].reason == .error("logits are not finite"))
        bench.handle([request(1, Array(tokens.prefix(9)))])
        try bench.finish()
        #expect(bench.sink[EngineRun.address(1)].usage?.cachedTokens == 0)
    }

    @Test func aFailedStepEndsTheRequestsInItAndNoOthers() throws {
        let bench = Bench(maxRows: 8, maxSequences: 4)
        bench.executor.failsStep = { $0 == 2 }
        bench.handle([
            request(0, prompt(4), maxTokens: 5) { $0.ignoresEnd = true },
            request(1, prompt(30, variant: 7), maxTokens: 2),
        ])
        try bench.step()
        bench.handle([request(2, prompt(5, variant: 11), maxTokens: 2)])
        try bench.finish()
        for index in 0..<2 {
            #expect(bench.sink[EngineRun.address(index)].reason == .error("the device is gone"))
        }
        #expect(bench.sink[EngineRun.address(2)].tokens.count == 2)
        #expect(bench.loop.usedBlockCount == 0)
    }

    @Test func promptLogprobsFitIntoTheRowsOfLogits() throws {
        let bench = Bench(maxRows: 64, maxSequences: 4)
        bench.handle([request(0, prompt(20)) { $0.promptLogprobs = 0 }])
        // Its own row of logits and the three for prompts; the last step samples the next token too.
        #expect(try (0..<5).map { _ in try bench.step() } == [4, 4, 4, 4, 4])
        #expect(bench.sink[EngineRun.address(0)].promptLogprobs.count == 19)
        #expect(bench.sink[EngineRun.address(0)].tokens.count == 1)
    }

    @Test func aPromptThatIsReportedOnKeepsNobodyWaiting() throws {
        let bench = Bench(maxRows: 64, maxSequences: 4)
        bench.handle([request(0, prompt(40)) { $0.promptLogprobs = 0 }])
        try bench.step()
        bench.handle((1..<4).map { request($0, prompt(4, variant: Int32($0)), maxTokens: 3) })
        // Four rows of the long prompt, and three prompts whole.
        #expect(try bench.step() == 16)
        #expect(bench.loop.runningCount == 4)
        #expect((1..<4).map { bench.sink[EngineRun.address($0)].tokens.count } == [1, 1, 1])
        #expect(try bench.step() == 7)
        try bench.finish()
        #expect(bench.sink[EngineRun.address(0)].promptLogprobs.count == 39)
        #expect(bench.executor.complaints.isEmpty)
    }

    /// The first takes the rows of logits for prompts, and each still has its own.
    @Test func promptsThatAreReportedOnMoveBesideEachOther() throws {
        for (promptLogitsRows, rows) in [(0, 3), (5, 8)] {
            let bench = Bench(maxSequences: 3, promptLogitsRows: promptLogitsRows)
            bench.handle(
                (0..<3).map { index in
                    request(index, prompt(20, variant: Int32(index))) { $0.promptLogprobs = 0 }
                }
            )
            #expect(try bench.step() == rows)
            #expect(bench.loop.runningCount == 3)
            try bench.finish()
            for index in 0..<3 {
                #expect(bench.sink[EngineRun.address(index)].promptLogprobs.count == 19)
            }
            #expect(bench.executor.complaints.isEmpty)
        }
    }

    @Test func aContextThatThePoolCannotHoldEndsWithThePool() throws {
        let bench = Bench(maxContext: 64, blockCount: 3)
        bench.handle([request(0, prompt(5), maxTokens: 60) { $0.ignoresEnd = true }])
        try bench.finish()
        #expect(bench.sink[EngineRun.address(0)].tokens.count == 7)
        #expect(bench.sink[EngineRun.address(0)].reason == .length)
    }
}
