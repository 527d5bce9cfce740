/// How the series of several instances become one.
enum FleetRule: UInt8 {
    /// Counts: added up, and what an instance has counted stays counted; see `FleetMetrics`.
    case count
    /// Amounts of now: added up over the instances that live.
    case sum
    case average
    case maximum
    /// Means nothing over a fleet: shown per instance only.
    case none

    /// The rule for a series of this name and kind.
    ///
    /// Gauges of unknown names are judged by how they end; what is left is an amount.
    init(_ name: String, _ kind: Exposition.Kind) {
        let isGauge = kind == .gauge || kind == .untyped
        if !isGauge || (kind == .untyped && name.hasSuffix("_total")) {
            self = .count
        } else if let known = Self.named[name] {
            self = known
        } else {
            self = Self.bySuffix.first { name.hasSuffix($0.suffix) }?.rule ?? .sum
        }
    }

    private static let named: [String: FleetRule] = [
        "sglang:spec_accept_length": .average,
        "sglang:new_token_ratio": .average,
        "sglang:is_cuda_graph": .average,
        "sglang:kv_transfer_latency_ms": .average,
        "sglang:engine_startup_time": .average,
        "sglang:engine_load_weights_time": .average,
        "vllm:lora_requests_info": .none,
        "process_start_time_seconds": .none,
        "process_max_fds": .none,
    ]

    private static let bySuffix: [(suffix: String, rule: FleetRule)] = [
        ("_perc", .average), ("_percent", .average), ("_ratio", .average), ("_rate", .average),
        ("_usage", .average), ("utilization", .average), ("_efficiency", .average),
        ("_celsius", .average), ("_temperature", .average), ("_avg", .average),
        ("_info", .maximum), ("_max", .maximum), ("_created", .none),
        ("_timestamp", .none), ("_timestamp_seconds", .none), ("_time_seconds", .none),
        ("_min", .none),
    ]
}
