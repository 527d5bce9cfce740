extension LoadReport {
    /// The report as text, laid out as `vllm bench serve` prints it.
    ///
    /// `requestRate` is the configured one; infinite for all at once.
    package func text(
        metrics: [LatencyMetric],
        percentiles: [Double],
        requestRate: Double
    ) -> String {
        var lines = [Self.rule(" Serving Benchmark Result ", "=")]
        func add(_ name: String, _ value: String) {
            let label = name + ":"
            lines.append(label + String(repeating: " ", count: max(1, 41 - label.count)) + value)
        }
        add("Successful requests", "\(completed)")
        add("Failed requests", "\(failed)")
        if run.unsentCount > 0 { add("Requests not sent for want of time", "\(run.unsentCount)") }
        if let concurrency { add("Maximum request concurrency", "\(concurrency)") }
        if requestRate.isFinite { add("Request rate configured (RPS)", requestRate.decimal(2)) }
        add("Benchmark duration (s)", duration.decimal(2))
        add("Total input tokens", "\(totalInputTokens)")
        add("Total generated tokens", "\(totalOutputTokens)")
        add("Request throughput (req/s)", requestThroughput.decimal(2))
        if let goodput { add("Request goodput (req/s)", goodput.decimal(2)) }
        add("Output token throughput (tok/s)", outputThroughput.decimal(2))
        add("Peak output token throughput (tok/s)", peakOutputTokensPerSecond.decimal(2))
        add("Peak concurrent requests", Double(peakConcurrency).decimal(2))
        add("Total token throughput (tok/s)", totalTokenThroughput.decimal(2))
        for metric in metrics where isShown(metric, requestRate: requestRate) {
            let statistics = statistics(metric)
            lines.append(Self.rule(metric.title, "-"))
            add("Mean \(metric.label) (ms)", statistics.mean.decimal(2))
            add("Median \(metric.label) (ms)", statistics.median.decimal(2))
            for percentile in percentiles {
                add(
                    "P\(Self.word(percentile)) \(metric.label) (ms)",
                    statistics.percentile(percentile).decimal(2)
                )
            }
        }
        lines.append(String(repeating: "=", count: 50))
        return lines.joined(separator: "\n")
    }

    /// Queueing in the client exists only where concurrency is bounded.
    func isShown(_ metric: LatencyMetric, requestRate: Double) -> Bool {
        switch metric {
        case .clientQueueTime: concurrency != nil
        case .e2elIncludingClientQueue: concurrency != nil && requestRate.isFinite
        default: true
        }
    }

    /// A percentile as it stands in names: 99, 99.9.
    static func word(_ percentile: Double) -> String {
        Int(exactly: percentile).map(String.init) ?? "\(percentile)"
    }

    private static func rule(_ title: String, _ fill: Character) -> String {
        let missing = max(0, 50 - title.count)
        let left = String(repeating: fill, count: missing / 2)
        return left + title + String(repeating: fill, count: missing - missing / 2)
    }
}

extension Double {
    /// With a fixed count of decimals, rounded; a dash for what is no finite number of usual size.
    package func decimal(_ places: Int) -> String {
        guard isFinite, magnitude < 1e15 else { return "–" }
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = (magnitude * Double(scale)).rounded()
        guard let units = Int(exactly: scaled) else { return "–" }
        let sign = self < 0 && units > 0 ? "-" : ""
        guard places > 0 else { return sign + "\(units)" }
        let fraction = String(units % scale)
        let zeros = String(repeating: "0", count: places - fraction.utf8.count)
        return "\(sign)\(units / scale).\(zeros)\(fraction)"
    }
}
