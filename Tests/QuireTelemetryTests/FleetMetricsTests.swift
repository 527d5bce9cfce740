import QuireTelemetry
import Testing

/// The aggregate of a fleet: what is shown, what is summed, what is left out.
@Suite struct FleetMetricsTests {
    private static let second: UInt64 = 1_000_000_000

    private static func read(_ text: String) -> Exposition { Exposition(parsing: Array(text.utf8)) }

    private static func render(
        _ fleet: FleetMetrics,
        _ contents: FleetMetrics.Contents = .all,
        now: UInt64 = 0
    ) -> RenderedText {
        var bytes: [UInt8] = []
        fleet.render(into: &bytes, contents: contents, now: now)
        fleet.checkInvariants()
        return RenderedText(String(decoding: bytes, as: UTF8.self))
    }

    private static func fleet(_ scrapes: [(String, String)]) -> FleetMetrics {
        var fleet = FleetMetrics()
        fleet.configure(scrapes.map(\.0))
        for (name, text) in scrapes { fleet.scraped(name, read(text), now: 0) }
        return fleet
    }

    @Test func everySeriesIsShownPerInstanceAndForTheFleet() {
        let scrape = """
            # HELP c_total Help \\\\ here.
            # TYPE c_total counter
            c_total{b="2",a="1"} 3
            # TYPE running gauge
            running 5
            # TYPE cache_usage_perc gauge
            cache_usage_perc 0.5

            """
        let fleet = Self.fleet([
            ("a:1", scrape),
            ("b\"", scrape.replacing(" 3\n", with: " 4\n").replacing("0.5", with: "1")),
        ])
        let text = Self.render(fleet)
        #expect(text.problems == [])
        #expect(text.text.contains("# HELP c_total Help \\\\ here.\n# TYPE c_total counter\n"))
        for (series, value) in [
            (#"c_total{instance="a:1",a="1",b="2"}"#, "3"),
            (#"c_total{instance="b\"",a="1",b="2"}"#, "4"), (#"c_total{a="1",b="2"}"#, "7.0"),
            (#"running{instance="a:1"}"#, "5"), ("running", "10.0"), ("cache_usage_perc", "0.75"),
            (#"quire_instance_up{instance="a:1"}"#, "1.0"),
            ("quire_aggregate_dropped_samples_total", "0.0"),
        ] { #expect(text.series[series] == value, "\(series)") }
        #expect(text.families.filter { $0 == "c_total" }.count == 1)
        let onlyFleet = Self.render(fleet, .fleet)
        #expect(!onlyFleet.text.contains("c_total{instance"))
        #expect(onlyFleet.series["running"] == "10.0")
        let onlyInstances = Self.render(fleet, .instances)
        #expect(onlyInstances.series["running"] == nil)
        #expect(onlyInstances.series[#"running{instance="a:1"}"#] == "5")
    }

    @Test func aDeadInstanceIsAbsentNotZeroAndWhatItCountedStays() {
        let scrape = "# TYPE c_total counter\nc_total 3\n# TYPE running gauge\nrunning 5\n"
        var fleet = Self.fleet([("a", scrape), ("b", scrape), ("new", "")])
        fleet.configure(["a", "b", "new", "never"])
        fleet.scraped("a", Self.read(scrape), now: 10 * Self.second)
        fleet.failed("b")
        var text = Self.render(fleet, now: 12 * Self.second)
        #expect(text.problems == [])
        #expect(text.series[#"quire_instance_up{instance="b"}"#] == "0.0")
        #expect(text.series[#"quire_instance_scrape_age_seconds{instance="a"}"#] == "2.0")
        #expect(text.series[#"quire_instance_scrape_age_seconds{instance="b"}"#] == "12.0")
        #expect(text.series[#"quire_instance_up{instance="never"}"#] == "0.0")
        #expect(text.series[#"quire_instance_scrape_age_seconds{instance="never"}"#] == nil)
        #expect(text.series[#"running{instance="b"}"#] == nil)
        #expect(text.series[#"c_total{instance="b"}"#] == nil)
        #expect(text.series["running"] == "5.0")
        #expect(text.series["c_total"] == "6.0")
        // Nobody was heard for long: no gauge is left, not even of the fleet.
        text = Self.render(fleet, now: 60 * Self.second)
        #expect(text.series["running"] == nil)
        #expect(text.series["c_total"] == "6.0")
        #expect(text.series[#"quire_instance_up{instance="a"}"#] == "0.0")
        // It comes back, having started again.
        fleet.scraped("b", Self.read("# TYPE c_total counter\nc_total 1\n"), now: 61 * Self.second)
        text = Self.render(fleet, now: 61 * Self.second)
        #expect(text.series["c_total"] == "7.0")
        #expect(text.series[#"c_total{instance="b"}"#] == "1")
        // And leaves: what it counted is still part of the fleet's count.
        fleet.configure(["a"])
        #expect(Self.render(fleet).series["c_total"] == "7.0")
        fleet.configure([])
        #expect(Self.render(fleet).series["c_total"] == nil)
    }

    @Test func aRestartThatCountersHaveCaughtUpWithShowsInTheProcess() {
        func scrape(_ start: Int, _ count: Int) -> String {
            """
            # TYPE process_start_time_seconds gauge
            process_start_time_seconds \(start)
            # TYPE c_total counter
            c_total \(count)

            """
        }
        var fleet = Self.fleet([("a", scrape(100, 5))])
        fleet.scraped("a", Self.read(scrape(200, 8)), now: 0)
        let text = Self.render(fleet)
        #expect(text.series["c_total"] == "13.0")
        #expect(text.series["process_start_time_seconds"] == nil)
    }

    @Test func histogramsOfDifferentBoundsAreMergedOverTheSharedOnes() {
        func scrape(_ buckets: [(String, Int)], sum: Int) -> String {
            var text = "# TYPE h histogram\n"
            for (bound, count) in buckets { text += "h_bucket{le=\"\(bound)\"} \(count)\n" }
            return text + "h_sum \(sum)\nh_count \(buckets.last?.1 ?? 0)\n"
        }
        var fleet = Self.fleet([
            ("a", scrape([("1", 1), ("2", 3), ("5.0", 4), ("+Inf", 6)], sum: 20)),
            ("b", scrape([("1.0", 2), ("5", 3), ("7", 3), ("+Inf", 3)], sum: 5)),
        ])
        var text = Self.render(fleet, .fleet)
        #expect(text.problems == [])
        #expect(
            text.lines(of: "h") == [
                #"h_bucket{le="1.0"} 3.0"#, #"h_bucket{le="5.0"} 7.0"#, #"h_bucket{le="+Inf"} 9.0"#,
                "h_sum 25.0", "h_count 9.0",
            ]
        )
        // One starts again with other bounds: shared by both lives and the other instance is 5.
        fleet.scraped("a", Self.read(scrape([("5", 1), ("+Inf", 1)], sum: 1)), now: 0)
        text = Self.render(fleet, .fleet)
        #expect(
            text.lines(of: "h") == [
                #"h_bucket{le="5.0"} 8.0"#, #"h_bucket{le="+Inf"} 10.0"#, "h_sum 26.0",
                "h_count 10.0",
            ]
        )
    }

    @Test func aTornHistogramObeysTheLawsInTheFleet() {
        let fleet = Self.fleet([
            ("a", "# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 4\nh_count 3\n")
        ])
        let text = Self.render(fleet, .fleet)
        #expect(text.problems == [])
        #expect(
            text.lines(of: "h") == [
                #"h_bucket{le="1.0"} 5.0"#, #"h_bucket{le="2.0"} 5.0"#, #"h_bucket{le="+Inf"} 5.0"#,
                "h_count 5.0",
            ]
        )
    }

    @Test func aMixedFleetIsReadUnderVLLMsNames() {
        var fleet = FleetMetrics()
        fleet.configure(
            ["v", "old", "s", "t", "l"],
            models: ["t": ["tgi-model"], "l": ["one", "two"]]
        )
        fleet.scraped("v", Self.read(Scrapes.vllm(seed: 3, model: "m", requests: 2)), now: 0)
        fleet.scraped("old", Self.read(Scrapes.oldVLLM), now: 0)
        fleet.scraped("s", Self.read(Scrapes.sglang), now: 0)
        fleet.scraped("t", Self.read(Scrapes.tgi), now: 0)
        fleet.scraped("l", Self.read(Scrapes.llamaCpp), now: 0)
        let text = Self.render(fleet)
        #expect(text.problems == [])
        for (series, value) in [
            (#"vllm:num_requests_running{instance="s",engine="0",model_name="llama"}"#, "162.0"),
            (#"vllm:num_requests_waiting{instance="s",engine="0",model_name="llama"}"#, "2826.0"),
            (#"vllm:kv_cache_usage_perc{instance="s",engine="0",model_name="llama"}"#, "0.28"),
            (#"vllm:gpu_cache_usage_perc{instance="s",engine="0",model_name="llama"}"#, "0.28"),
            (#"vllm:prefix_cache_hits_total{instance="s",engine="0",model_name="llama"}"#, "120.0"),
            (#"vllm:num_requests_running{instance="t",engine="0",model_name="tgi-model"}"#, "4.0"),
            (#"vllm:generation_tokens_total{engine="0",model_name="tgi-model"}"#, "12500.0"),
            (#"vllm:num_requests_running{instance="l",engine="0"}"#, "2.0"),
            (#"vllm:kv_cache_usage_perc{instance="l",engine="0"}"#, "0.63"),
            (#"vllm:kv_cache_usage_perc{instance="old",model_name="old"}"#, "0.25"),
            (#"sglang:token_usage{model_name="llama",tp_rank="1"}"#, "0.99"),
        ] { #expect(text.series[series] == value, "\(series)") }
        let first = "vllm:time_to_first_token_seconds_bucket"
        #expect(
            text.series[
                first + #"{instance="s",engine="0",model_name="llama",le="0.3"}"#
            ] == "5.0"
        )
        #expect(text.text.contains("vllm:gpu_cache_usage_perc{instance=\"v\""))
        #expect(!text.text.contains(#"kv_cache_usage_perc{instance="t""#))
    }

    @Test func labelsAndTypesThatClashAreSettled() {
        let fleet = Self.fleet([
            (
                "a",
                "# TYPE x counter\nx{instance=\"i\",z=\"\\q\"} 1\nx{z=\"\\\\q\",instance=\"i\"} 2\n"
            ),
            ("b", "# TYPE x histogram\nx_bucket{le=\"1\"} 1\nx_count 1\n"),
            ("c", "x 5\nquire_instance_up 7\nx_count 3\n"),
        ])
        let text = Self.render(fleet)
        #expect(text.problems == [])
        #expect(text.series[#"x{instance="a",exported_instance="i",z="\\q"}"#] == "1")
        #expect(text.series[#"x{instance="c"}"#] == "5")
        #expect(text.series["x"] == "5.0")
        // The same series twice, a histogram where a counter is, and a name that is ours.
        #expect(fleet.droppedSampleCount == 4)
    }

    @Test func aScrapeThatMetALimitIsAFailedOne() {
        var fleet = Self.fleet([("a", "g 1\n")])
        var limits = ExpositionLimits()
        limits.samplesMax = 1
        fleet.scraped("a", Exposition(parsing: Array("g 1\nh 1\n".utf8), limits: limits), now: 0)
        #expect(Self.render(fleet).series[#"quire_instance_up{instance="a"}"#] == "0.0")
        fleet.scraped("unknown", Self.read("g 1\n"), now: 0)
        #expect(!Self.render(fleet).text.contains("unknown"))
    }

    @Test func seriesAreBoundedAndRoomComesBack() {
        var fleet = FleetMetrics(seriesMax: 10)
        fleet.configure(["a", "b"])
        let many = (0..<30).map { "g{x=\"\($0)\"} 1\n" }.joined()
        fleet.scraped("a", Self.read(many), now: 0)
        #expect(
            Self.render(fleet).text.split(separator: "\n").filter { $0.hasPrefix("g{i") }.count
                == 10
        )
        #expect(fleet.droppedSampleCount == 20)
        // What is no longer said makes room for what is said next.
        for _ in 0..<2 { fleet.scraped("a", Self.read("other 1\n"), now: 0) }
        fleet.scraped("b", Self.read("more{y=\"1\"} 2\n"), now: 0)
        let text = Self.render(fleet)
        #expect(text.problems == [])
        #expect(text.series["other"] == "1.0" && text.series[#"more{y="1"}"#] == "2.0")
        #expect(!text.text.contains("g{"))
    }

    @Test(arguments: 0..<40)
    func sumsAgreeWithAnOracleOverRandomFleets(seed: Int) {
        var generator = Seeded(UInt64(seed) &* 7919 &+ 1)
        var fleet = FleetMetrics()
        var oracle = FleetOracle()
        for step in 0..<60 {
            oracle.act(on: &fleet, step: UInt64(step), using: &generator)
            let text = Self.render(fleet, now: UInt64(step))
            #expect(text.problems == [], "seed \(seed) step \(step)")
            let expected = oracle.sums()
            let actual = text.series.filter { series, _ in
                !series.contains("instance=") && !series.hasPrefix("quire_")
            }
            for (series, value) in expected {
                #expect(
                    actual[series].flatMap(Double.init) == value,
                    "seed \(seed) step \(step) \(series)"
                )
            }
            #expect(actual.count == expected.count, "seed \(seed) step \(step)")
        }
    }
}
