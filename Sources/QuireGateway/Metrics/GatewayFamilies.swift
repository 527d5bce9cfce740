import QuireTelemetry

/// The families that have a series per upstream, per model, or per both.
struct GatewayFamilies: Sendable {
    let requests: LabelledFamily<Counter>
    let promptTokens: LabelledFamily<Counter>
    let completionTokens: LabelledFamily<Counter>
    let durationSeconds: LabelledFamily<Histogram>
    let attempts: LabelledFamily<Counter>
    let failures: LabelledFamily<Counter>
    let inFlight: LabelledFamily<Gauge>
    let firstByteSeconds: LabelledFamily<Histogram>
    let bytes: LabelledFamily<Counter>
    let ejections: LabelledFamily<Counter>
    let breakerState: LabelledFamily<Gauge>
    let breakerTransitions: LabelledFamily<Counter>
    let up: LabelledFamily<Gauge>
    let draining: LabelledFamily<Gauge>
    let weight: LabelledFamily<Gauge>

    static let waitBounds: [Double] = [
        0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    /// As vLLM's time to first token, to be laid beside it.
    static let firstByteBounds: [Double] = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20,
        40, 80, 160,
    ]
    /// As vLLM's request latency, and below it for answers that took no engine.
    static let durationBounds: [Double] = [
        0.005, 0.025, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240,
        480, 960, 1920,
    ]

    init(_ registry: inout MetricsRegistry) {
        requests = registry.makeCounters(
            "quire_gateway_requests_total",
            help: "Requests answered, by the status that the client saw.",
            labels: ["model", "upstream", "status"]
        )
        promptTokens = registry.makeCounters(
            "quire_gateway_prompt_tokens_total",
            help: "Prompt tokens, as the upstreams' usage says.",
            labels: ["model", "upstream"]
        )
        completionTokens = registry.makeCounters(
            "quire_gateway_completion_tokens_total",
            help: "Generated tokens, as the upstreams' usage says.",
            labels: ["model", "upstream"]
        )
        durationSeconds = registry.makeHistograms(
            "quire_gateway_request_duration_seconds",
            help: "Time from a request's head to the end of its answer.",
            bounds: Self.durationBounds,
            labels: ["model"]
        )
        attempts = registry.makeCounters(
            "quire_gateway_attempts_total",
            help: "Requests sent to an upstream.",
            labels: ["upstream"]
        )
        failures = registry.makeCounters(
            "quire_gateway_attempt_failures_total",
            help: "Attempts that did not succeed, by why.",
            labels: ["upstream", "reason"]
        )
        inFlight = registry.makeGauges(
            "quire_gateway_upstream_in_flight",
            help: "Attempts that have not ended.",
            labels: ["upstream"]
        )
        firstByteSeconds = registry.makeHistograms(
            "quire_gateway_time_to_first_byte_seconds",
            help: "Time from the start of an attempt to the upstream's first byte.",
            bounds: Self.firstByteBounds,
            labels: ["upstream"]
        )
        bytes = registry.makeCounters(
            "quire_gateway_bytes_total",
            help: "Bytes of bodies sent up to an upstream and brought down from it.",
            labels: ["upstream", "direction"]
        )
        ejections = registry.makeCounters(
            "quire_gateway_ejections_total",
            help: "Times that an upstream was taken out, by why.",
            labels: ["upstream", "reason"]
        )
        breakerState = registry.makeGauges(
            "quire_gateway_breaker_state",
            help: "0 closed, 1 half-open, 2 open.",
            labels: ["upstream"]
        )
        breakerTransitions = registry.makeCounters(
            "quire_gateway_breaker_transitions_total",
            help: "Times that an upstream's breaker came to a state.",
            labels: ["upstream", "to"]
        )
        up = registry.makeGauges(
            "quire_gateway_upstream_up",
            help: "1 if the upstream may be picked as far as its health goes.",
            labels: ["upstream"]
        )
        draining = registry.makeGauges(
            "quire_gateway_upstream_draining",
            help: "1 if the upstream gets no new requests by an operator's word.",
            labels: ["upstream"]
        )
        weight = registry.makeGauges(
            "quire_gateway_upstream_weight",
            help: "The weight that picking goes by, slow start included.",
            labels: ["upstream"]
        )
    }

    func removeUpstream(_ name: String) {
        for family in [
            requests, promptTokens, completionTokens, attempts, failures, bytes, ejections,
            breakerTransitions,
        ] { family.remove("upstream", name) }
        for family in [inFlight, breakerState, up, draining, weight] {
            family.remove("upstream", name)
        }
        firstByteSeconds.remove("upstream", name)
    }
}
