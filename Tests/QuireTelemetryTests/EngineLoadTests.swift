import QuireTelemetry
import Testing

/// One load, whatever the engine calls it.
@Suite struct EngineLoadTests {
    private static func load(_ text: String) -> EngineLoad? {
        EngineLoad(Exposition(parsing: Array(text.utf8)))
    }

    @Test func readsEveryEnginesNames() {
        #expect(
            Self.load(Scrapes.oldVLLM)
                == EngineLoad(
                    running: 3,
                    waiting: 1,
                    kvCacheUsage: 0.25,
                    promptTokens: 10,
                    generatedTokens: 20,
                    kind: .vllm,
                    models: ["old"]
                )
        )
        #expect(
            Self.load(Scrapes.sglang)
                == EngineLoad(
                    running: 162,
                    waiting: 2826,
                    kvCacheUsage: 0.28,
                    promptTokens: 8_128_902,
                    generatedTokens: 7_557_572,
                    kind: .sglang,
                    models: ["llama"]
                )
        )
        #expect(
            Self.load(Scrapes.tgi)
                == EngineLoad(
                    running: 4,
                    waiting: 7,
                    promptTokens: 18000,
                    generatedTokens: 12500,
                    kind: .tgi
                )
        )
        #expect(
            Self.load(Scrapes.llamaCpp)
                == EngineLoad(
                    running: 2,
                    waiting: 1,
                    kvCacheUsage: 0.63,
                    promptTokens: 6886,
                    generatedTokens: 3469,
                    kind: .llamaCpp
                )
        )
        let vllm = Self.load(Scrapes.vllm(seed: 1, model: "Qwen/Qwen3-8B", requests: 4))
        #expect(vllm?.kind == .vllm)
        #expect(vllm?.models == ["Qwen/Qwen3-8B"])
        #expect(vllm?.promptTokens == 4000)
        #expect(vllm?.kvCacheUsage != nil)
    }

    @Test func quireIsKnownByItsOwnFamilies() {
        #expect(Self.load("quire_build_info 1\nvllm:num_requests_running 2\n")?.kind == .quire)
    }

    @Test func ranksAndModelsAreAddedUpAndSharesAveraged() {
        let load = Self.load(
            """
            vllm:num_requests_running{engine="0",model_name="a"} 1
            vllm:num_requests_running{engine="1",model_name="b"} 2
            vllm:kv_cache_usage_perc{engine="0",model_name="a"} 0.5
            vllm:kv_cache_usage_perc{engine="1",model_name="b"} 0.25

            """
        )
        #expect(load?.running == 3)
        #expect(load?.waiting == 0)
        #expect(load?.kvCacheUsage == 0.375)
        #expect(load?.promptTokens == nil)
        #expect(load?.models == ["a", "b"])
    }

    @Test(arguments: [
        "", "up 1\n", "vllm:prompt_tokens_total 1\n", "vllm:num_requests_running x\n",
    ])
    func whatDoesNotSayHowMuchRunsIsNoLoad(text: String) {
        #expect(Self.load(text) == nil)
    }

    @Test func absurdValuesAreBounded() {
        let load = Self.load(
            """
            vllm:num_requests_running 1e300
            vllm:num_requests_waiting -5
            vllm:kv_cache_usage_perc 7

            """
        )
        #expect(load?.running == 1_000_000_000)
        #expect(load?.waiting == 0)
        #expect(load?.kvCacheUsage == 1)
        #expect(Self.load("vllm:num_requests_running NaN\n") == nil)
        #expect(
            Self.load("vllm:num_requests_running 1\nvllm:kv_cache_usage_perc NaN\n")?.kvCacheUsage
                == nil
        )
    }
}
