/// How each engine calls what all of them measure: the one table of foreign metric names.
///
/// A meaning has vLLM's names, the present one first and then those of older releases, because
/// dashboards ask for either. Another engine's series of the same meaning are shown under all of
/// them.
enum EngineVocabulary {
    /// Something that every dashboard asks for.
    struct Meaning {
        let kind: Exposition.Kind
        let help: String
        /// vLLM's names, present one first.
        let names: [String]
        /// The other engines' names; the first that a scrape has is used.
        let foreign: [String]
    }

    /// Where the load of an instance is read; the first name that a scrape has counts.
    enum Quantity: Int, CaseIterable {
        case running, waiting, cacheUsage, promptTokens, generatedTokens
    }

    /// What is common to the engines, and where each name was read.
    ///
    /// - vLLM 0.4 to 0.11: `vllm/engine/metrics.py` (V0: `gpu_cache_usage_perc`,
    ///   `gpu_prefix_cache_hit_rate`, `avg_generation_throughput_toks_per_s`,
    ///   `time_per_output_token_seconds`) and `vllm/v1/metrics/loggers.py` (`kv_cache_usage_perc`,
    ///   `prefix_cache_*`, before them `gpu_prefix_cache_*`; `inter_token_latency_seconds`).
    /// - SGLang 0.4 to 0.5: `python/sglang/srt/metrics/collector.py` and its page "Production
    ///   Metrics" (`time_per_output_token_seconds` became `inter_token_latency_seconds`).
    /// - TGI 2 and 3: its page "Metrics"; token counts exist only as histograms per request.
    /// - llama.cpp: `tools/server/README.md`, "GET /metrics"; newer builds have no
    ///   `kv_cache_usage_ratio`.
    /// - Quire: vLLM's names, present and former.
    static let meanings: [Meaning] = [
        Meaning(
            kind: .gauge,
            help: "Number of requests in model execution batches.",
            names: ["vllm:num_requests_running"],
            foreign: [
                "sglang:num_running_reqs", "tgi_batch_current_size",
                "llamacpp:requests_processing",
            ]
        ),
        Meaning(
            kind: .gauge,
            help: "Number of requests waiting to be processed.",
            names: ["vllm:num_requests_waiting"],
            foreign: ["sglang:num_queue_reqs", "tgi_queue_size", "llamacpp:requests_deferred"]
        ),
        Meaning(
            kind: .gauge,
            help: "KV-cache usage. 1 means 100 percent usage.",
            names: ["vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"],
            foreign: ["sglang:token_usage", "llamacpp:kv_cache_usage_ratio"]
        ),
        Meaning(
            kind: .gauge,
            help: "Share of prompt tokens that the prefix cache had.",
            names: ["vllm:gpu_prefix_cache_hit_rate"],
            foreign: ["sglang:cache_hit_rate"]
        ),
        Meaning(
            kind: .gauge,
            help: "Average generation throughput in tokens/s.",
            names: ["vllm:avg_generation_throughput_toks_per_s"],
            foreign: ["sglang:gen_throughput", "llamacpp:predicted_tokens_seconds"]
        ),
        Meaning(
            kind: .gauge,
            help: "Average prefill throughput in tokens/s.",
            names: ["vllm:avg_prompt_throughput_toks_per_s"],
            foreign: ["llamacpp:prompt_tokens_seconds"]
        ),
        Meaning(
            kind: .counter,
            help: "Number of prefill tokens processed.",
            names: ["vllm:prompt_tokens_total"],
            foreign: [
                "sglang:prompt_tokens_total", "tgi_request_input_length_sum",
                "llamacpp:prompt_tokens_total",
            ]
        ),
        Meaning(
            kind: .counter,
            help: "Number of generation tokens processed.",
            names: ["vllm:generation_tokens_total"],
            foreign: [
                "sglang:generation_tokens_total", "tgi_request_generated_tokens_sum",
                "llamacpp:tokens_predicted_total",
            ]
        ),
        // SGLang counts hits; every prompt token is a query.
        Meaning(
            kind: .counter,
            help: "Prefix cache queries, in terms of number of queried tokens.",
            names: ["vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total"],
            foreign: ["sglang:prompt_tokens_total"]
        ),
        Meaning(
            kind: .counter,
            help: "Prefix cache hits, in terms of number of cached tokens.",
            names: ["vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total"],
            foreign: ["sglang:cached_tokens_total"]
        ),
        Meaning(
            kind: .histogram,
            help: "Histogram of time to first token in seconds.",
            names: ["vllm:time_to_first_token_seconds"],
            foreign: ["sglang:time_to_first_token_seconds"]
        ),
        Meaning(
            kind: .histogram,
            help: "Histogram of inter-token latency in seconds.",
            names: ["vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"],
            foreign: [
                "sglang:inter_token_latency_seconds", "sglang:time_per_output_token_seconds",
                "tgi_request_mean_time_per_token_duration",
            ]
        ),
        Meaning(
            kind: .histogram,
            help: "Histogram of e2e request latency in seconds.",
            names: ["vllm:e2e_request_latency_seconds"],
            foreign: ["sglang:e2e_request_latency_seconds", "tgi_request_duration"]
        ),
        Meaning(
            kind: .histogram,
            help: "Histogram of time spent in WAITING phase for request.",
            names: ["vllm:request_queue_time_seconds"],
            foreign: ["sglang:queue_time_seconds", "tgi_request_queue_duration"]
        ),
        Meaning(
            kind: .histogram,
            help: "Number of prefill tokens processed.",
            names: ["vllm:request_prompt_tokens"],
            foreign: ["tgi_request_input_length"]
        ),
        Meaning(
            kind: .histogram,
            help: "Number of generation tokens processed.",
            names: ["vllm:request_generation_tokens"],
            foreign: ["tgi_request_generated_tokens"]
        ),
    ]

    static func meaning(of quantity: Quantity) -> Meaning {
        switch quantity {
        case .running: meanings[0]
        case .waiting: meanings[1]
        case .cacheUsage: meanings[2]
        case .promptTokens: meanings[6]
        case .generatedTokens: meanings[7]
        }
    }

    /// What the names of each engine's families begin with.
    ///
    /// Quire speaks vLLM's names and is known by families of its own beside them, so it is asked
    /// for first.
    static let prefixes: [(prefix: String, kind: EngineKind)] = [
        ("quire_", .quire), ("vllm:", .vllm), ("sglang:", .sglang), ("tgi_", .tgi),
        ("llamacpp:", .llamaCpp),
    ]

    /// Labels that hold the name of the served model (vLLM and SGLang; older SGLang: `name`).
    static let modelLabel: StaticString = "model_name"

    /// With its metrics of every rank switched on, SGLang repeats a request on each rank of a
    /// tensor-parallel group; only the first of them counts.
    static let rankLabel: StaticString = "tp_rank"
}
