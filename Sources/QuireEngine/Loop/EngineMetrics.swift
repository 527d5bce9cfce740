package import QuireTelemetry

/// The engine's series under vLLM's names, as handles.
///
/// Made at start. Recorded on the engine thread, once per step; read by anyone.
package struct EngineMetrics: Sendable {
    let running: Gauge
    let waiting: Gauge
    let cacheUsage: Gauge
    package let prefixQueries: Counter
    package let prefixHits: Counter
    package let preemptions: Counter
    let promptTokens: Counter
    let generationTokens: Counter
    let successStop: Counter
    let successLength: Counter
    let successAbort: Counter
    let successError: Counter
    let iterationTokens: Histogram
    let requestPromptTokens: Histogram
    let requestGenerationTokens: Histogram
    let requestMaxGenerationTokens: Histogram
    let requestMaxTokens: Histogram
    let firstTokenSeconds: Histogram
    let interTokenSeconds: Histogram
    let requestTokenSeconds: Histogram
    let endToEndSeconds: Histogram
    let queueSeconds: Histogram
    let prefillSeconds: Histogram
    let decodeSeconds: Histogram
    let inferenceSeconds: Histogram

    package init(_ registry: inout MetricsRegistry, maxContext: Int) {
        running = registry.makeGauge(
            "vllm:num_requests_running",
            help: "Number of requests in model execution batches."
        )
        waiting = registry.makeGauge(
            "vllm:num_requests_waiting",
            help: "Number of requests waiting to be processed."
        )
        cacheUsage = registry.makeGauge(
            "vllm:kv_cache_usage_perc",
            help: "KV-cache usage. 1 means 100 percent usage."
        )
        prefixQueries = registry.makeCounter(
            "vllm:prefix_cache_queries_total",
            help: "Prefix cache queries, in terms of number of queried tokens."
        )
        prefixHits = registry.makeCounter(
            "vllm:prefix_cache_hits_total",
            help: "Prefix cache hits, in terms of number of cached tokens."
        )
        preemptions = registry.makeCounter(
            "vllm:num_preemptions_total",
            help: "Cumulative number of preemptions from the engine."
        )
        promptTokens = registry.makeCounter(
            "vllm:prompt_tokens_total",
            help: "Number of prefill tokens processed."
        )
        generationTokens = registry.makeCounter(
            "vllm:generation_tokens_total",
            help: "Number of generation tokens processed."
        )
        func success(_ reason: String) -> Counter {
            registry.makeCounter(
                "vllm:request_success_total",
                help: "Count of successfully processed requests.",
                labels: [("finished_reason", reason)]
            )
        }
        successStop = success("stop")
        successLength = success("length")
        successAbort = success("abort")
        successError = success("error")
        iterationTokens = registry.makeHistogram(
            "vllm:iteration_tokens_total",
            help: "Histogram of number of tokens per engine_step.",
            bounds: Self.iterationBounds
        )
        func counts(_ name: String, _ help: String) -> Histogram {
            registry.makeHistogram(name, help: help, bounds: Self.countBounds(upTo: maxContext))
        }
        requestPromptTokens = counts(
            "vllm:request_prompt_tokens",
            "Number of prefill tokens processed."
        )
        requestGenerationTokens = counts(
            "vllm:request_generation_tokens",
            "Number of generation tokens processed."
        )
        // Of a request's choices the longest, in vLLM; each is a request of its own here.
        requestMaxGenerationTokens = counts(
            "vllm:request_max_num_generation_tokens",
            "Histogram of maximum number of requested generation tokens."
        )
        requestMaxTokens = counts(
            "vllm:request_params_max_tokens",
            "Histogram of the max_tokens request parameter."
        )
        firstTokenSeconds = registry.makeHistogram(
            "vllm:time_to_first_token_seconds",
            help: "Histogram of time to first token in seconds.",
            bounds: Self.firstTokenBounds
        )
        interTokenSeconds = registry.makeHistogram(
            "vllm:inter_token_latency_seconds",
            help: "Histogram of inter-token latency in seconds.",
            bounds: Self.tokenBounds
        )
        requestTokenSeconds = registry.makeHistogram(
            "vllm:request_time_per_output_token_seconds",
            help: "Histogram of time_per_output_token_seconds per request.",
            bounds: Self.tokenBounds
        )
        func latency(_ name: String, _ help: String) -> Histogram {
            registry.makeHistogram(name, help: help, bounds: Self.requestBounds)
        }
        endToEndSeconds = latency(
            "vllm:e2e_request_latency_seconds",
            "Histogram of e2e request latency in seconds."
        )
        queueSeconds = latency(
            "vllm:request_queue_time_seconds",
            "Histogram of time spent in WAITING phase for request."
        )
        inferenceSeconds = latency(
            "vllm:request_inference_time_seconds",
            "Histogram of time spent in RUNNING phase for request."
        )
        prefillSeconds = latency(
            "vllm:request_prefill_time_seconds",
            "Histogram of time spent in PREFILL phase for request."
        )
        decodeSeconds = latency(
            "vllm:request_decode_time_seconds",
            "Histogram of time spent in DECODE phase for request."
        )
        for (name, original) in Self.formerNames { registry.makeAlias(name, of: original) }
    }

    /// Names that vLLM's series had in 2024, which dashboards still ask for, and the present ones.
    static let formerNames = [
        ("vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc"),
        ("vllm:gpu_prefix_cache_queries_total", "vllm:prefix_cache_queries_total"),
        ("vllm:gpu_prefix_cache_hits_total", "vllm:prefix_cache_hits_total"),
        ("vllm:time_per_output_token_seconds", "vllm:inter_token_latency_seconds"),
    ]

    /// Publishes the cache's settings as labels of a series that is always 1, as vLLM does.
    package static func registerCache(
        _ configuration: EngineConfiguration,
        in registry: inout MetricsRegistry
    ) {
        let capacity = configuration.capacity
        let isSharing = configuration.prefixCacheKey != nil
        registry.makeGauge(
            "vllm:cache_config_info",
            help: "Information of the LLMEngine CacheConfig",
            labels: [
                ("block_size", "\(capacity.blockSize)"),
                ("cache_dtype", "float32"),
                ("enable_prefix_caching", isSharing ? "True" : "False"),
                ("num_gpu_blocks", "\(capacity.blockCount)"),
            ]
        ).set(1)
    }

    // MARK: Bounds, as vLLM has them

    static let iterationBounds: [Double] = [
        1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
    ]
    static let firstTokenBounds: [Double] = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20,
        40, 80, 160, 640, 2560,
    ]
    static let tokenBounds: [Double] = [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40,
        80,
    ]
    static let requestBounds: [Double] = [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920,
        7680,
    ]

    /// 1, 2, 5, 10, 20, 50 … not above `limit`.
    static func countBounds(upTo limit: Int) -> [Double] {
        var bounds: [Double] = []
        var decade = 1.0
        while decade <= Double(limit) {
            for factor in [1.0, 2, 5] where decade * factor <= Double(limit) {
                bounds.append(decade * factor)
            }
            decade *= 10
        }
        return bounds
    }
}
