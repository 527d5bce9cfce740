/// SplitMix64, so that a failure can be run again.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Scrapes as engines write them.
///
/// The layouts follow the engines' own pages and code: vLLM 0.11 through prometheus_client,
/// SGLang's and TGI's "Production Metrics", llama.cpp's server.
enum Scrapes {
    static let latencyBounds = [
        0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0,
        240.0, 480.0, 960.0, 1920.0, 7680.0,
    ]

    /// A histogram's lines, labels sorted as prometheus_client does.
    static func histogram(
        _ name: String,
        bounds: [Double],
        values: [Double],
        model: String
    ) -> String {
        var text = "# HELP \(name) Histogram of \(name).\n# TYPE \(name) histogram\n"
        for bound in bounds {
            let count = values.count { $0 <= bound }
            text +=
                "\(name)_bucket{engine=\"0\",le=\"\(bound)\",model_name=\"\(model)\"} "
                + "\(Double(count))\n"
        }
        let labels = "{engine=\"0\",model_name=\"\(model)\"}"
        text +=
            "\(name)_bucket{engine=\"0\",le=\"+Inf\",model_name=\"\(model)\"} "
            + "\(Double(values.count))\n"
        text += "\(name)_count\(labels) \(Double(values.count))\n"
        text += "\(name)_sum\(labels) \(values.reduce(0, +))\n"
        return text
    }

    /// About 600 lines, as a vLLM server with its defaults has.
    static func vllm(seed: UInt64, model: String, requests: Int) -> String {
        var generator = Seeded(seed)
        let labels = "{engine=\"0\",model_name=\"\(model)\"}"
        var text = """
            # HELP python_gc_objects_collected_total Objects collected during gc
            # TYPE python_gc_objects_collected_total counter
            python_gc_objects_collected_total{generation="0"} 12345.0
            # HELP python_info Python platform information
            # TYPE python_info gauge
            python_info{implementation="CPython",major="3",minor="12",version="3.12.11"} 1.0
            # HELP process_resident_memory_bytes Resident memory size in bytes.
            # TYPE process_resident_memory_bytes gauge
            process_resident_memory_bytes 5.3687091e+09
            # HELP process_start_time_seconds Start time of the process since unix epoch.
            # TYPE process_start_time_seconds gauge
            process_start_time_seconds 1.7e+09

            """
        func gauge(_ name: String, _ value: Double) {
            text += "# HELP \(name) Help of \(name).\n# TYPE \(name) gauge\n"
            text += "\(name)\(labels) \(value)\n"
        }
        func counter(_ name: String, _ value: Double) {
            text += "# HELP \(name) Help of \(name).\n# TYPE \(name) counter\n"
            text += "\(name)\(labels) \(value)\n"
        }
        gauge("vllm:num_requests_running", Double(Int.random(in: 0...64, using: &generator)))
        gauge("vllm:num_requests_waiting", Double(Int.random(in: 0...9, using: &generator)))
        gauge("vllm:kv_cache_usage_perc", Double.random(in: 0...1, using: &generator))
        counter("vllm:prefix_cache_queries_total", Double(requests * 900))
        counter("vllm:prefix_cache_hits_total", Double(requests * 400))
        counter("vllm:num_preemptions_total", 0)
        counter("vllm:prompt_tokens_total", Double(requests * 1000))
        counter("vllm:generation_tokens_total", Double(requests * 200))
        text +=
            "# HELP vllm:request_success_total Count.\n# TYPE vllm:request_success_total counter\n"
        for reason in ["abort", "error", "length", "stop"] {
            text +=
                "vllm:request_success_total{engine=\"0\",finished_reason=\"\(reason)\","
                + "model_name=\"\(model)\"} \(Double(requests))\n"
        }
        for name in [
            "time_to_first_token_seconds", "time_per_output_token_seconds",
            "inter_token_latency_seconds", "e2e_request_latency_seconds",
            "request_queue_time_seconds", "request_inference_time_seconds",
            "request_prefill_time_seconds", "request_decode_time_seconds", "request_prompt_tokens",
            "request_generation_tokens", "request_params_n", "request_params_max_tokens",
            "request_max_num_generation_tokens", "iteration_tokens_total",
            "request_time_per_output_token_seconds", "request_prefill_kv_computed_tokens",
            "http_request_size_bytes", "http_response_size_bytes", "time_in_queue",
            "kv_block_lifetime_seconds", "kv_block_idle_before_evict_seconds",
        ] {
            let values = (0..<requests).map { _ in
                // Quarters add up exactly in any order.
                Double(Int.random(in: 0...40_000, using: &generator)) / 4
            }
            text += histogram("vllm:" + name, bounds: latencyBounds, values: values, model: model)
        }
        return text
    }

    static let sglang = """
        # HELP sglang:prompt_tokens_total Number of prefill tokens processed.
        # TYPE sglang:prompt_tokens_total counter
        sglang:prompt_tokens_total{model_name="llama"} 8.128902e+06
        # HELP sglang:generation_tokens_total Number of generation tokens processed.
        # TYPE sglang:generation_tokens_total counter
        sglang:generation_tokens_total{model_name="llama"} 7.557572e+06
        # HELP sglang:cached_tokens_total Number of cached prompt tokens.
        # TYPE sglang:cached_tokens_total counter
        sglang:cached_tokens_total{cache_source="device",model_name="llama"} 100.0
        sglang:cached_tokens_total{cache_source="host",model_name="llama"} 20.0
        # HELP sglang:token_usage The token usage
        # TYPE sglang:token_usage gauge
        sglang:token_usage{model_name="llama",tp_rank="0"} 0.28
        sglang:token_usage{model_name="llama",tp_rank="1"} 0.99
        # HELP sglang:cache_hit_rate The cache hit rate
        # TYPE sglang:cache_hit_rate gauge
        sglang:cache_hit_rate{model_name="llama"} 0.5
        # HELP sglang:time_to_first_token_seconds Histogram of time to first token in seconds.
        # TYPE sglang:time_to_first_token_seconds histogram
        sglang:time_to_first_token_seconds_sum{model_name="llama"} 30.5
        sglang:time_to_first_token_seconds_bucket{le="0.1",model_name="llama"} 4.0
        sglang:time_to_first_token_seconds_bucket{le="0.3",model_name="llama"} 5.0
        sglang:time_to_first_token_seconds_bucket{le="+Inf",model_name="llama"} 11.0
        sglang:time_to_first_token_seconds_count{model_name="llama"} 11.0
        # HELP sglang:num_running_reqs The number of running requests
        # TYPE sglang:num_running_reqs gauge
        sglang:num_running_reqs{model_name="llama",tp_rank="0"} 162.0
        sglang:num_running_reqs{model_name="llama",tp_rank="1"} 162.0
        # HELP sglang:num_queue_reqs The number of requests in the waiting queue.
        # TYPE sglang:num_queue_reqs gauge
        sglang:num_queue_reqs{model_name="llama"} 2826.0
        # HELP sglang:gen_throughput The generate throughput (token/s)
        # TYPE sglang:gen_throughput gauge
        sglang:gen_throughput{model_name="llama"} 86.5

        """

    static let tgi = """
        # TYPE tgi_request_count counter
        tgi_request_count 151

        # TYPE tgi_queue_size gauge
        tgi_queue_size 7

        # TYPE tgi_batch_current_size gauge
        tgi_batch_current_size 4

        # TYPE tgi_request_generated_tokens histogram
        tgi_request_generated_tokens_bucket{le="10"} 20
        tgi_request_generated_tokens_bucket{le="500"} 148
        tgi_request_generated_tokens_bucket{le="+Inf"} 150
        tgi_request_generated_tokens_sum 12500
        tgi_request_generated_tokens_count 150

        # TYPE tgi_request_input_length histogram
        tgi_request_input_length_bucket{le="10"} 5
        tgi_request_input_length_bucket{le="+Inf"} 150
        tgi_request_input_length_sum 18000
        tgi_request_input_length_count 150

        """

    static let llamaCpp = """
        # HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
        # TYPE llamacpp:prompt_tokens_total counter
        llamacpp:prompt_tokens_total 6886
        # HELP llamacpp:tokens_predicted_total Number of generation tokens processed.
        # TYPE llamacpp:tokens_predicted_total counter
        llamacpp:tokens_predicted_total 3469
        # HELP llamacpp:predicted_tokens_seconds Average generation throughput in tokens/s.
        # TYPE llamacpp:predicted_tokens_seconds gauge
        llamacpp:predicted_tokens_seconds 0.978805
        # HELP llamacpp:kv_cache_usage_ratio KV-cache usage. 1 means 100 percent usage.
        # TYPE llamacpp:kv_cache_usage_ratio gauge
        llamacpp:kv_cache_usage_ratio 0.63
        # HELP llamacpp:requests_processing Number of requests processing.
        # TYPE llamacpp:requests_processing gauge
        llamacpp:requests_processing 2
        # HELP llamacpp:requests_deferred Number of requests deferred.
        # TYPE llamacpp:requests_deferred gauge
        llamacpp:requests_deferred 1

        """

    /// vLLM of 2024: the former names, no engine label.
    static let oldVLLM = """
        # TYPE vllm:num_requests_running gauge
        vllm:num_requests_running{model_name="old"} 3.0
        # TYPE vllm:num_requests_waiting gauge
        vllm:num_requests_waiting{model_name="old"} 1.0
        # TYPE vllm:gpu_cache_usage_perc gauge
        vllm:gpu_cache_usage_perc{model_name="old"} 0.25
        # TYPE vllm:prompt_tokens_total counter
        vllm:prompt_tokens_total{model_name="old"} 10.0
        # TYPE vllm:generation_tokens_total counter
        vllm:generation_tokens_total{model_name="old"} 20.0

        """
}
