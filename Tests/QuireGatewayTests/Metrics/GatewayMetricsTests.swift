import QuireGateway
import QuireTelemetry
import Testing

@Suite struct GatewayMetricsTests {
    private static func made(modelsMax: Int = 64) -> (GatewayMetrics, MetricsRegistry) {
        var registry = MetricsRegistry()
        let metrics = GatewayMetrics(&registry, modelsMax: modelsMax)
        return (metrics, registry)
    }

    @Test func aRequestIsCountedOncePerModelUpstreamAndStatusClass() {
        let (metrics, registry) = Self.made()
        let upstream = metrics.upstream("a:8000")
        let route = upstream.route(metrics.model("m"))
        metrics.arrived()
        metrics.began(upstream: upstream)
        #expect(registry.exposition().contains("in_flight{upstream=\"a:8000\"} 1.0\n"))
        metrics.firstByte(upstream: upstream, afterSeconds: 0.03)
        upstream.bytesUp.increment(by: 10)
        upstream.bytesDown.increment(by: 20)
        metrics.ended(upstream: upstream, failure: nil)
        metrics.ended(
            route,
            RequestSummary(
                status: 200,
                durationSeconds: 1.2,
                promptTokens: 7,
                completionTokens: 9
            )
        )
        let text = registry.exposition()
        for line in [
            #"quire_gateway_requests_total{model="m",upstream="a:8000",status="2xx"} 1.0"#,
            #"quire_gateway_requests_total{model="m",upstream="a:8000",status="5xx"} 0.0"#,
            #"quire_gateway_attempts_total{upstream="a:8000"} 1.0"#,
            #"quire_gateway_upstream_in_flight{upstream="a:8000"} 0.0"#,
            "quire_gateway_requests_in_flight 0.0",
            #"quire_gateway_bytes_total{upstream="a:8000",direction="up"} 10.0"#,
            #"quire_gateway_bytes_total{upstream="a:8000",direction="down"} 20.0"#,
            #"quire_gateway_prompt_tokens_total{model="m",upstream="a:8000"} 7.0"#,
            #"quire_gateway_completion_tokens_total{model="m",upstream="a:8000"} 9.0"#,
            #"quire_gateway_time_to_first_byte_seconds_bucket{upstream="a:8000",le="0.04"} 1.0"#,
            #"quire_gateway_request_duration_seconds_count{model="m"} 1.0"#,
        ] { #expect(text.contains(line + "\n"), "\(line)") }
    }

    @Test func modelsBeyondTheBoundAreOther() {
        let (metrics, registry) = Self.made(modelsMax: 2)
        let upstream = metrics.upstream("a")
        for name in ["m1", "m2", "m3", "m4", "m1", "", nil] {
            metrics.ended(
                upstream.route(metrics.model(name)),
                RequestSummary(status: 404, durationSeconds: 0)
            )
        }
        let text = registry.exposition()
        #expect(text.contains(#"_requests_total{model="m1",upstream="a",status="4xx"} 2.0"#))
        #expect(text.contains(#"_requests_total{model="other",upstream="a",status="4xx"} 4.0"#))
        #expect(!text.contains("m3"))
    }

    @Test func anUpstreamThatAReloadLeavesOutTakesItsSeriesAlong() {
        let (metrics, registry) = Self.made()
        let old = metrics.upstream("old")
        let kept = metrics.upstream("kept")
        for upstream in [old, kept] {
            metrics.began(upstream: upstream)
            metrics.ended(
                upstream.route(metrics.model("m")),
                RequestSummary(status: 200, durationSeconds: 1)
            )
            upstream.set(isUp: true, isDraining: false, weight: 2, breaker: .closed)
        }
        metrics.keepUpstreams(["kept"])
        metrics.ended(upstream: old, failure: .cut)
        let text = registry.exposition()
        #expect(!text.contains("\"old\""))
        #expect(metrics.upstream("kept") === kept)
        #expect(text.contains("quire_gateway_attempts_total{upstream=\"kept\"} 1.0\n"))
        #expect(metrics.upstream("old") !== old)
    }

    @Test func breakersRetriesReloadsAndTheFleetAreShown() {
        let (metrics, registry) = Self.made()
        let upstream = metrics.upstream("a")
        upstream.breakerCame(to: .open)
        upstream.ejected(.progress)
        metrics.retried(.serverError)
        metrics.reloaded()
        metrics.reloadFailed(atUnixSeconds: 1_700_000_000)
        metrics.fallbackAnswers.increment()
        metrics.resumedStreams.increment()
        metrics.waited(seconds: 0.2)
        metrics.setFleet([
            EngineLoad(running: 3, waiting: 1, kvCacheUsage: 0.5, kind: .vllm),
            EngineLoad(running: 4, waiting: 0, kvCacheUsage: 1, kind: .sglang),
            EngineLoad(running: 1, waiting: 2, kind: .tgi),
        ])
        let text = registry.exposition()
        for line in [
            "quire_gateway_breaker_state{upstream=\"a\"} 2.0",
            "quire_gateway_breaker_transitions_total{upstream=\"a\",to=\"open\"} 1.0",
            "quire_gateway_ejections_total{upstream=\"a\",reason=\"progress\"} 1.0",
            "quire_gateway_retries_total{reason=\"server_error\"} 1.0",
            "quire_gateway_config_reloads_total{result=\"ok\"} 1.0",
            "quire_gateway_config_reloads_total{result=\"failed\"} 1.0",
            "quire_gateway_config_last_reload_successful 0.0",
            "quire_gateway_config_last_error_timestamp_seconds 1700000000.0",
            "quire_gateway_fallback_answers_total 1.0",
            "quire_gateway_resumed_streams_total{outcome=\"resumed\"} 1.0",
            "quire_gateway_queue_wait_seconds_count 1.0",
            "vllm_requests_running 8.0", "vllm_requests_waiting 3.0", "vllm_gpu_cache_usage 0.75",
        ] { #expect(text.contains(line + "\n"), "\(line)") }
    }

    @Test func theGatewaysOwnTextHoldsToTheFormat() {
        let (metrics, registry) = Self.made()
        _ = metrics.noUpstream.route(metrics.model("a\"b\\\n"))
        _ = metrics.upstream("x").route(metrics.otherModel)
        let exposition = Exposition(parsing: Array(registry.exposition().utf8))
        #expect(exposition.badLineCount == 0)
        #expect(exposition.families.count == 27)
        #expect(Set(exposition.families.map(\.name)).count == exposition.families.count)
    }

    @Test func manyThreadsFindOneRoutePerModel() async {
        let (metrics, registry) = Self.made()
        let upstream = metrics.upstream("a")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for index in 0..<200 {
                        let route = upstream.route(metrics.model("m\(index % 5)"))
                        metrics.arrived()
                        metrics.ended(route, RequestSummary(status: 200, durationSeconds: 0))
                    }
                }
            }
        }
        let text = registry.exposition()
        for index in 0..<5 {
            #expect(text.contains(#"{model="m\#(index)",upstream="a",status="2xx"} 320.0"#))
        }
        #expect(text.contains("quire_gateway_requests_in_flight 0.0\n"))
    }
}
