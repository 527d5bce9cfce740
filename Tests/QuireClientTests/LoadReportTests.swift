import QuireClient
import QuireJSON
import Testing

@Suite struct LoadReportTests {
    /// Two answers and one failure over two seconds.
    static func report(concurrency: Int? = 4, goodput: Goodput? = nil) -> LoadReport {
        var first = RequestOutcome(startTime: 0, queueTime: 0, promptTokenCount: 10)
        first.timeToFirstToken = 0.1
        first.interTokenLatencies = [0.1, 0.2]
        first.latency = 0.4
        first.outputTokenCount = 3
        var second = RequestOutcome(startTime: 0.3, queueTime: 0.3, promptTokenCount: 20)
        second.timeToFirstToken = 0.5
        second.latency = 0.5
        second.outputTokenCount = 1
        let third = RequestOutcome(error: "HTTP status 500", startTime: 0, promptTokenCount: 5)
        let run = LoadGenerator.Run(
            outcomes: [first, second, third],
            duration: 2,
            unsentCount: 0
        )
        return LoadReport(run, concurrency: concurrency, goodput: goodput)
    }

    @Test func figuresAreTheDefinitions() {
        let report = Self.report()
        #expect(report.completed == 2 && report.failed == 1)
        #expect(report.totalInputTokens == 30 && report.totalOutputTokens == 4)
        #expect(report.requestThroughput == 1 && report.outputThroughput == 2)
        #expect(report.totalTokenThroughput == 17)
        #expect(report.peakConcurrency == 2 && report.peakOutputTokensPerSecond == 4)
        #expect(abs(report.statistics(.ttft).mean - 300) < 1e-9)
        // A request of one token has no time per further token.
        #expect(abs(report.statistics(.tpot).median - 150) < 1e-9)
        #expect(abs(report.statistics(.itl).median - 150) < 1e-9)
        #expect(report.failures.map(\.message) == ["HTTP status 500"])
    }

    @Test func onlyWhatMeetsEveryObjectiveIsGood() {
        #expect(Self.report().goodput == nil)
        #expect(Self.report(goodput: Goodput(ttft: 0.2)).goodput == 0.5)
        #expect(Self.report(goodput: Goodput(ttft: 0.2, tpot: 0.1)).goodput == 0)
        #expect(Self.report(goodput: Goodput(e2el: 1)).goodput == 1)
        #expect(Goodput(parsing: ["ttft:200", "e2el:1500"]) == Goodput(ttft: 0.2, e2el: 1.5))
        for bad in ["ttft", "ttft:x", "itl:3", "ttft:-1", "ttft:1:2"] {
            #expect(Goodput(parsing: [bad]) == nil, "\(bad)")
        }
    }

    @Test func theResultFileHasVLLMsKeys() throws {
        let description = LoadDescription(
            date: "20260101-000000",
            backend: "vllm",
            model: "m",
            promptCount: 3,
            metadata: [(key: "version", value: "1")]
        )
        let text = Self.report(goodput: Goodput(ttft: 1)).json(
            description,
            metrics: [.ttft, .tpot, .itl, .e2el],
            percentiles: [99, 99.9],
            isDetailed: true
        ).text
        let json = try JSON(parsing: text)
        let keys = Set(json.object?.members.map(\.key) ?? [])
        var expected: Set = [
            "date", "endpoint_type", "backend", "label", "model_id", "tokenizer_id", "num_prompts",
            "version", "request_rate", "burstiness", "max_concurrency", "duration", "completed",
            "failed", "total_input_tokens", "total_output_tokens", "request_throughput",
            "request_goodput", "output_throughput", "total_token_throughput", "input_lens",
            "output_lens", "ttfts", "itls", "latencies", "start_times", "queue_times",
            "generated_texts", "errors", "max_output_tokens_per_s", "max_concurrent_requests",
        ]
        for name in ["ttft", "tpot", "itl", "e2el"] {
            for figure in ["mean", "median", "std", "p99", "p99.9"] {
                expected.insert("\(figure)_\(name)_ms")
            }
        }
        #expect(keys == expected)
        #expect(json["request_rate"]?.string == "inf" && json["max_concurrency"]?.int == 4)
        #expect(json["itls"]?.array?.count == 3 && json["errors"]?.array?.last?.string != "")
    }

    @Test func detailsAreLeftOutUnlessAskedFor() {
        let description = LoadDescription(date: "", backend: "openai", model: "m", promptCount: 3)
        let json = Self.report().json(
            description,
            metrics: [.ttft],
            percentiles: [],
            isDetailed: false
        )
        #expect(json["ttfts"] == nil && json["mean_tpot_ms"] == nil && json["mean_ttft_ms"] != nil)
    }

    @Test func theTextIsLaidOutAsVLLMs() {
        let lines = Self.report().text(metrics: [.ttft], percentiles: [99], requestRate: .infinity)
            .split(separator: "\n").map(String.init)
        #expect(lines.first == "============ Serving Benchmark Result ============")
        #expect(lines.contains("Successful requests:                     2"))
        #expect(lines.contains("---------------Time to First Token----------------"))
        #expect(lines.contains("P99 TTFT (ms):                           496.00"))
        #expect(lines.last == String(repeating: "=", count: 50))
        #expect(!lines.contains { $0.hasPrefix("Request rate configured") })
    }

    @Test func aPlotHasAPointPerConcurrency() {
        let points = [1, 8, 32].map { count in
            LatencyPlot.Point(
                concurrency: count,
                throughput: Double(count) * 100,
                median: Double(count),
                p99: Double(count) * 3
            )
        }
        let svg = LatencyPlot(title: "a <b> & c", latencyName: "TPOT", points: points).svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.contains("a &lt;b&gt; &amp; c") && svg.contains("32 clients"))
        #expect(svg.split(separator: "<circle").count == 1 + 6 + 2)
        #expect(LatencyPlot(title: "", latencyName: "", points: []).svg.contains("polyline"))
    }
}
