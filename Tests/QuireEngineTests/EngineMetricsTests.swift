import QuireEngine
import QuireTelemetry
import Testing

@Suite struct EngineMetricsTests {
    /// Runs requests to their end and returns the lines of the exposition.
    private func lines(
        afterRunning requests: [(
            promptCount: Int, change: (inout SamplingParameters.Fields) -> Void
        )]
    ) -> Set<Substring> {
        let capacity = ExecutorCapacity(
            maxRows: 64,
            maxSequences: 4,
            maxLogitsRows: 8,
            maxContext: 32,
            blockCount: 32,
            blockSize: 4,
            vocabularySize: ShadowModel.vocabularySize
        )
        var registry = MetricsRegistry()
        let loop = StepLoop(
            configuration: EngineConfiguration(
                capacity: capacity,
                prefixCacheKey: BlockHashKey(first: 1, second: 2),
                now: { 0 }
            ),
            executor: ShadowExecutor(capacity),
            metrics: EngineMetrics(&registry, maxContext: capacity.maxContext),
            sink: RecordingSink()
        )
        for (index, request) in requests.enumerated() {
            var fields = SamplingParameters.Fields()
            fields.maxTokens = 3
            fields.ignoresEnd = true
            request.change(&fields)
            var commands = [
                EngineCommand.add(
                    EngineRequest(
                        address: EngineRun.address(index),
                        promptTokens: [Int32](repeating: 11, count: request.promptCount),
                        sampling: SamplingParameters(fields),
                        arrivalNanoseconds: 0
                    )
                )
            ]
            loop.handle(&commands)
            while !loop.isIdle {
                loop.schedule()
                loop.execute()
                loop.publish()
            }
        }
        return Set(registry.exposition().split(separator: "\n"))
    }

    @Test func theNamesOf2024CountTheSame() {
        let lines = lines(afterRunning: [(6, { _ in }), (6, { _ in })])
        for line: Substring in [
            "vllm:prefix_cache_queries_total 12.0", "vllm:gpu_prefix_cache_queries_total 12.0",
            "vllm:prefix_cache_hits_total 4.0", "vllm:gpu_prefix_cache_hits_total 4.0",
            "vllm:kv_cache_usage_perc 0.0", "vllm:gpu_cache_usage_perc 0.0",
            "vllm:inter_token_latency_seconds_count 4.0",
            "vllm:time_per_output_token_seconds_count 4.0",
            "# TYPE vllm:gpu_cache_usage_perc gauge",
            "# TYPE vllm:time_per_output_token_seconds histogram",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func theLongestAnswerOfARequestIsCounted() {
        let lines = lines(afterRunning: [(6, { _ in }), (6, { $0.maxTokens = 1 })])
        for line: Substring in [
            #"vllm:request_max_num_generation_tokens_bucket{le="1.0"} 1.0"#,
            #"vllm:request_max_num_generation_tokens_bucket{le="2.0"} 1.0"#,
            #"vllm:request_max_num_generation_tokens_bucket{le="5.0"} 2.0"#,
            #"vllm:request_max_num_generation_tokens_bucket{le="20.0"} 2.0"#,
            #"vllm:request_max_num_generation_tokens_bucket{le="+Inf"} 2.0"#,
            "vllm:request_max_num_generation_tokens_sum 4.0",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
        #expect(
            !lines.contains {
                $0.hasPrefix("vllm:request_max_num_generation_tokens_bucket{le=\"50")
            }
        )
    }

    @Test func aPromptThatIsReportedOnIsNotCountedAsLookedUp() {
        let lines = lines(afterRunning: [(6, { _ in }), (6, { $0.promptLogprobs = 0 })])
        #expect(lines.contains("vllm:prefix_cache_queries_total 6.0"))
        #expect(lines.contains("vllm:prefix_cache_hits_total 0.0"))
    }
}
