import QuireEngine
import QuireTelemetry
import Synchronization
import Testing

/// The engine with its thread; each step waits until the test lets it go.
@Suite struct EngineTests {
    /// Tells when a step begins and ends it when it may.
    private final class GatedExecutor: Executor {
        private let shadow: ShadowExecutor
        private let begun: Gate
        private let mayEnd: Gate

        init(_ capacity: ExecutorCapacity, begun: Gate, mayEnd: Gate) {
            shadow = ShadowExecutor(capacity)
            self.begun = begun
            self.mayEnd = mayEnd
        }

        var capacity: ExecutorCapacity { shadow.capacity }

        func step(_ plan: StepPlan, into result: inout StepResult) throws(StepError) {
            begun.open()
            mayEnd.pass()
            try shadow.step(plan, into: &result)
        }
    }

    private final class Clock: Sendable {
        let nanoseconds = Atomic<UInt64>(1000)
    }

    private static let capacity = ExecutorCapacity(
        maxRows: 16,
        maxSequences: 2,
        maxLogitsRows: 2,
        maxContext: 32,
        blockCount: 16,
        blockSize: 4,
        vocabularySize: ShadowModel.vocabularySize
    )

    private let begun = Gate()
    private let mayEnd = Gate()
    private let clock = Clock()
    private let run: EngineRun

    init() {
        run = EngineRun(
            EngineConfiguration(
                capacity: Self.capacity,
                queueDepthMax: 3,
                prefixCacheKey: nil,
                now: { [clock] in clock.nanoseconds.load(ordering: .relaxed) }
            )
        )
    }

    private func start() throws {
        try run.engine.start { [begun, mayEnd] in
            GatedExecutor(Self.capacity, begun: begun, mayEnd: mayEnd)
        }
    }

    private func request(_ index: Int, _ prompt: [Int32] = [5], maxTokens: Int = 1) -> EngineRequest
    {
        var fields = SamplingParameters.Fields()
        fields.maxTokens = maxTokens
        return EngineRequest(
            address: EngineRun.address(index, lane: index % 2),
            promptTokens: prompt,
            sampling: SamplingParameters(fields),
            arrivalNanoseconds: 400
        )
    }

    private func record(_ index: Int) -> RecordingSink.Record {
        run.sink[EngineRun.address(index, lane: index % 2)]
    }

    @Test func aFullQueueRefusesAndLosesNothing() throws {
        try start()
        try run.engine.add(request(0))
        begun.pass()
        // The first runs; three may wait.
        for index in 1...3 { try run.engine.add(request(index)) }
        #expect(throws: EngineError.full) { try run.engine.add(request(4)) }
        #expect(run.engine.status.waitingCount == 3)
        mayEnd.open(times: 100)
        run.engine.drain()
        run.engine.join()
        #expect((0...3).allSatisfy { record($0).reason == .length })
        #expect(record(4).reason == nil)
        #expect(run.sink.complaints.isEmpty)
    }

    @Test func drainingFinishesWhatIsThereAndRefusesTheRest() throws {
        try start()
        try run.engine.add(request(0, maxTokens: 5))
        begun.pass()
        try run.engine.add(request(1, maxTokens: 3))
        run.engine.drain()
        #expect(throws: EngineError.draining) { try run.engine.add(request(2)) }
        #expect(run.engine.status.isDraining)
        mayEnd.open(times: 100)
        run.engine.join()
        #expect(record(0).tokens.count == 5)
        #expect(record(1).tokens.count == 3)
        run.engine.join()
    }

    @Test func stoppingEndsWhatIsLeftAsAborted() throws {
        try start()
        try run.engine.add(request(0, maxTokens: 20))
        begun.pass()
        try run.engine.add(request(1, maxTokens: 3))
        run.engine.stop()
        mayEnd.open(times: 100)
        run.engine.join()
        #expect(record(0).reason == .abort && record(0).tokens.count == 1)
        #expect(record(1).reason == .abort && record(1).tokens.isEmpty)
        #expect(run.engine.status.runningCount == 0)
        #expect(throws: EngineError.draining) { try run.engine.add(request(2)) }
    }

    @Test func anIdleEngineWakesForARequestAndForItsEnd() throws {
        try start()
        mayEnd.open(times: 100)
        for index in 0..<50 {
            try run.engine.add(request(index))
            run.sink.finished.pass()
        }
        run.engine.drain()
        run.engine.join()
        #expect(run.sink.finishedCount == 50)
    }

    @Test func anAbortEndsARequestByTheNextStep() throws {
        try start()
        try run.engine.add(request(0, maxTokens: 20))
        try run.engine.add(request(1, maxTokens: 20))
        begun.pass()
        run.engine.abort(EngineRun.address(0))
        run.engine.abort(EngineRun.address(7))
        mayEnd.open()
        begun.pass()
        // The next step has begun, without it.
        mayEnd.open()
        begun.pass()
        #expect(record(0).reason == .abort)
        #expect(record(1).reason == nil)
        #expect(run.engine.status.runningCount == 1)
        run.engine.stop()
        mayEnd.open(times: 100)
        run.engine.join()
    }

    @Test func theStatusTellsHowLongAStepHasRun() throws {
        #expect(run.engine.status.stepAgeNanoseconds == nil)
        try start()
        try run.engine.add(request(0))
        begun.pass()
        clock.nanoseconds.store(5000, ordering: .relaxed)
        #expect(run.engine.status.stepAgeNanoseconds == 4000)
        mayEnd.open(times: 100)
        run.engine.drain()
        run.engine.join()
        #expect(run.engine.status.stepAgeNanoseconds == nil)
    }

    @Test func whatTheExecutorsMakerThrowsIsThrownByStart() {
        #expect(throws: StepError("no device")) {
            try run.engine.start { throw StepError("no device") }
        }
        #expect(throws: EngineError.draining) { try run.engine.add(request(0)) }
        run.engine.join()
    }

    @Test(arguments: [[], [50], [-1], Array(repeating: 1, count: 32)] as [[Int32]])
    func whatCanNeverRunIsRefusedWithASentence(prompt: [Int32]) {
        guard case .unservable(let sentence)? = error(of: request(0, prompt)) else {
            Issue.record("\(prompt) was taken")
            return
        }
        #expect(sentence.hasSuffix("."))
    }

    private func error(of request: EngineRequest) -> EngineError? {
        do throws(EngineError) {
            try run.engine.add(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func everySeriesCountsWhatHappened() throws {
        try start()
        try run.engine.add(request(0, [1, 2, 3], maxTokens: 2))
        begun.pass()
        clock.nanoseconds.store(1_000_001_000, ordering: .relaxed)
        mayEnd.open(times: 100)
        run.engine.drain()
        run.engine.join()
        let text = run.registry.exposition()
        for line in [
            "vllm:num_requests_running 0.0", "vllm:num_requests_waiting 0.0",
            "vllm:kv_cache_usage_perc 0.0", "vllm:prompt_tokens_total 3.0",
            "vllm:generation_tokens_total 2.0", "vllm:num_preemptions_total 0.0",
            "vllm:prefix_cache_queries_total 0.0", "vllm:prefix_cache_hits_total 0.0",
            #"vllm:request_success_total{finished_reason="length"} 1.0"#,
            #"vllm:request_success_total{finished_reason="stop"} 0.0"#,
            #"vllm:iteration_tokens_total_bucket{le="1.0"} 1.0"#,
            "vllm:iteration_tokens_total_sum 4.0", "vllm:time_to_first_token_seconds_count 1.0",
            #"vllm:time_to_first_token_seconds_bucket{le="1.0"} 0.0"#,
            #"vllm:time_to_first_token_seconds_bucket{le="2.5"} 1.0"#,
            "vllm:inter_token_latency_seconds_count 1.0",
            "vllm:request_time_per_output_token_seconds_count 1.0",
            "vllm:e2e_request_latency_seconds_count 1.0",
            "vllm:request_queue_time_seconds_count 1.0",
            "vllm:request_prefill_time_seconds_count 1.0",
            "vllm:request_decode_time_seconds_count 1.0",
            "vllm:request_inference_time_seconds_count 1.0",
            "vllm:request_prompt_tokens_sum 3.0", "vllm:request_generation_tokens_sum 2.0",
            "vllm:request_params_max_tokens_sum 2.0",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(text.contains(#"vllm:request_prompt_tokens_bucket{le="20.0"}"#))
        #expect(!text.contains(#"vllm:request_prompt_tokens_bucket{le="50.0"}"#))
    }

    @Test func theCachesSettingsAreLabels() {
        var registry = MetricsRegistry(commonLabels: [("engine", "0")])
        EngineMetrics.registerCache(
            EngineConfiguration(capacity: Self.capacity, prefixCacheKey: nil, now: { 0 }),
            in: &registry
        )
        let text = registry.exposition()
        #expect(text.contains(#"vllm:cache_config_info{engine="0",block_size="4""#))
        #expect(text.contains(#"num_gpu_blocks="16""#))
    }
}
