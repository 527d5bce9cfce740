/// The figures of a finished run, each defined as `vllm bench serve` defines it.
///
/// Throughputs count requests that were answered only; rates are over the whole duration.
package struct LoadReport: Sendable {
    package let run: LoadGenerator.Run
    package let concurrency: Int?
    package let completed: Int
    package let failed: Int
    package let totalInputTokens: Int
    package let totalOutputTokens: Int
    /// Requests per second that met their objectives; nil without any.
    package let goodput: Double?
    /// Pieces that came within the best of the run's seconds.
    package let peakOutputTokensPerSecond: Double
    package let peakConcurrency: Int
    private let succeeded: [RequestOutcome]

    /// Figures of a run, `goodput` too if there are objectives.
    package init(
        _ run: LoadGenerator.Run,
        concurrency: Int? = nil,
        goodput: Goodput? = nil
    ) {
        self.run = run
        self.concurrency = concurrency
        let answered = run.outcomes.filter(\.isSuccess)
        succeeded = answered
        completed = succeeded.count
        failed = run.outcomes.count - succeeded.count
        totalInputTokens = succeeded.reduce(0) { $0 + $1.promptTokenCount }
        totalOutputTokens = succeeded.reduce(0) { $0 + $1.outputTokenCount }
        self.goodput = goodput.map { objectives in
            Double(answered.count { objectives.isMet(by: $0) }) / max(run.duration, 1e-9)
        }
        peakOutputTokensPerSecond = Self.peakTokens(succeeded)
        peakConcurrency = Self.peakConcurrency(succeeded)
    }

    package var duration: Double { run.duration }

    package var requestThroughput: Double { Double(completed) / max(duration, 1e-9) }

    package var outputThroughput: Double { Double(totalOutputTokens) / max(duration, 1e-9) }

    package var totalTokenThroughput: Double {
        Double(totalInputTokens + totalOutputTokens) / max(duration, 1e-9)
    }

    /// The statistics of a latency, in milliseconds.
    package func statistics(_ metric: LatencyMetric) -> SampleStatistics {
        SampleStatistics(metric.values(succeeded).map { $0 * 1000 })
    }

    /// What went wrong, each sentence once with its count, the most frequent first.
    package var failures: [(message: String, count: Int)] {
        var counts: [String: Int] = [:]
        for outcome in run.outcomes {
            if let error = outcome.error { counts[error, default: 0] += 1 }
        }
        return counts.map { (message: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.message) < ($0.count, $1.message) }
    }

    private static func peakTokens(_ outcomes: [RequestOutcome]) -> Double {
        let origin = outcomes.map(\.startTime).min() ?? 0
        var counts: [Int: Int] = [:]
        for outcome in outcomes {
            var time = outcome.startTime + outcome.timeToFirstToken - origin
            counts[Int(time), default: 0] += 1
            for latency in outcome.interTokenLatencies {
                time += latency
                counts[Int(time), default: 0] += 1
            }
        }
        return Double(counts.values.max() ?? 0)
    }

    /// The most requests under way at one time; one that ends when another starts is not with it.
    private static func peakConcurrency(_ outcomes: [RequestOutcome]) -> Int {
        var events: [(time: Double, change: Int)] = []
        for outcome in outcomes {
            events.append((outcome.startTime, 1))
            events.append((outcome.startTime + outcome.latency, -1))
        }
        events.sort { ($0.time, $0.change) < ($1.time, $1.change) }
        var running = 0
        var peak = 0
        for event in events {
            running += event.change
            peak = max(peak, running)
        }
        return peak
    }
}
