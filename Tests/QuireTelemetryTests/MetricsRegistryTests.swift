import QuireTelemetry
import Testing

struct MetricsRegistryTests {
    @Test func writesPrometheusText() {
        var registry = MetricsRegistry(commonLabels: [("model_name", "a\"b\\c\n")])
        let requests = registry.makeCounter(
            "q:requests_total",
            help: "Requests.",
            labels: [("reason", "stop")]
        )
        _ = registry.makeCounter(
            "q:requests_total",
            help: "Requests.",
            labels: [("reason", "abort")]
        )
        let running = registry.makeGauge("q:running", help: "Running now.")
        let seconds = registry.makeHistogram("q:seconds", help: "Time.", bounds: [0.1, 1])
        requests.increment()
        requests.increment(by: 2)
        running.set(1.5)
        for value in [0.1, 0.5, 7] { seconds.observe(value) }
        let label = #"model_name="a\"b\\c\n""#
        #expect(
            registry.exposition() == """
                # HELP q:requests_total Requests.
                # TYPE q:requests_total counter
                q:requests_total{\(label),reason="stop"} 3.0
                q:requests_total{\(label),reason="abort"} 0.0
                # HELP q:running Running now.
                # TYPE q:running gauge
                q:running{\(label)} 1.5
                # HELP q:seconds Time.
                # TYPE q:seconds histogram
                q:seconds_bucket{\(label),le="0.1"} 1.0
                q:seconds_bucket{\(label),le="1.0"} 2.0
                q:seconds_bucket{\(label),le="+Inf"} 3.0
                q:seconds_sum{\(label)} 7.6
                q:seconds_count{\(label)} 3.0

                """
        )
    }

    @Test func anAliasIsTheSameSeriesUnderAnotherName() {
        var registry = MetricsRegistry(commonLabels: [("engine", "0")])
        let counters = ["a", "b"].map {
            registry.makeCounter("new", help: "h", labels: [("k", $0)])
        }
        registry.makeAlias("old", of: "new")
        counters[0].increment(by: 3)
        counters[1].increment(by: 4)
        let lines = registry.exposition().split(separator: "\n")
        #expect(lines.count == 8)
        #expect(lines.suffix(4).joined() == lines.prefix(4).joined().replacing("new", with: "old"))
        #expect(lines[7] == #"old{engine="0",k="b"} 4.0"#)
    }

    @Test func observationsFromManyThreadsAreAllCounted() async {
        let histogram = Histogram(bounds: [1])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { histogram.observe(0.5) } }
            }
        }
        #expect(histogram.bucketCounts == [8000, 0])
        #expect(histogram.sum == 4000)
    }

    @Test func aGaugeMayBeInfiniteAndACounterNeverFalls() {
        var registry = MetricsRegistry()
        registry.makeGauge("g", help: "h").set(.infinity)
        let counter = registry.makeCounter("c_total", help: "h")
        counter.increment(by: -5)
        #expect(registry.exposition().contains("g +Inf\n"))
        #expect(counter.value == 0)
    }
}
