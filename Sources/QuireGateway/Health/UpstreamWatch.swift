/// When one instance is asked what, and what its answers say: the monitor without its I/O.
///
/// At most one probe of each kind is under way. A pure value, told the time; the driver asks
/// ``takeDue(now:)`` when ``nextDue`` has come, and hands every result to ``finish(_:_:now:)``.
package struct UpstreamWatch: Sendable {
    private let configuration: MonitorConfiguration
    private var generator: SplitMix64
    /// By `Probe.rawValue`; the end of time while one is under way.
    private var due: [UInt64]
    private var progress: ProgressWatch
    private var isUp: Bool?
    private var knowsModels = false

    /// Begins with one probe of each kind.
    package init(_ configuration: MonitorConfiguration, seed: UInt64, now: UInt64) {
        self.configuration = configuration
        generator = SplitMix64(seed: seed)
        progress = ProgressWatch(configuration.progress)
        let spread = Double(configuration.startSpread.clampedNanoseconds) * generator.unit()
        let first = now.saturatingAdd(UInt64(spread))
        due = Array(repeating: first, count: Probe.allCases.count)
        // As if they were under way for ever.
        if !configuration.checksHealth { due[Probe.health.rawValue] = .max }
        if !configuration.scrapes { due[Probe.metrics.rawValue] = .max }
    }

    /// When the next probe is due; the end of time while all are under way.
    package var nextDue: UInt64 { due.min() ?? .max }

    /// The next probe that is due, which is then under way.
    package mutating func takeDue(now: UInt64) -> Probe? {
        guard let probe = Probe.allCases.first(where: { due[$0.rawValue] <= now }) else {
            return nil
        }
        due[probe.rawValue] = .max
        return probe
    }

    /// Somebody has reason to doubt the instance (a request ran out of time): checks and scrapes it
    /// at once, unless that is under way.
    package mutating func hurry(now: UInt64) {
        for probe in [Probe.health, .metrics] where due[probe.rawValue] != .max {
            due[probe.rawValue] = min(due[probe.rawValue], now)
        }
    }

    /// Takes what a probe came to; returns what to tell the fleet.
    package mutating func finish(
        _ probe: Probe,
        _ result: ProbeResult,
        now: UInt64
    ) -> [HealthReport] {
        switch probe {
        case .health: return finishHealth(result, now: now)
        case .metrics: return finishMetrics(result, now: now)
        case .models: return finishModels(result, now: now)
        }
    }

    private mutating func finishHealth(_ result: ProbeResult, now: UInt64) -> [HealthReport] {
        var isUp = false
        if case .health(let status) = result { isUp = Self.isUp(status) }
        let cameBack = isUp && self.isUp == false
        self.isUp = isUp
        plan(.health, isUp ? configuration.healthInterval : configuration.downInterval, now)
        if cameBack {
            // Another process, perhaps with other models.
            for probe in [Probe.metrics, .models] where due[probe.rawValue] != .max {
                due[probe.rawValue] = now
            }
        }
        return [.check(isUp: isUp)]
    }

    /// Whether the answer is one of a live instance: also "no such path", "who are you?" and "not
    /// so often", but not "I am loading" and "I am failing".
    static func isUp(_ status: Int) -> Bool { status < 500 || status == 501 }

    private mutating func finishMetrics(_ result: ProbeResult, now: UInt64) -> [HealthReport] {
        guard case .metrics(let scraped) = result else {
            // Not blind, only out of reach: the health check says how bad that is.
            plan(.metrics, configuration.scrapeInterval, now)
            return []
        }
        guard let scraped else {
            plan(.metrics, configuration.blindScrapeInterval, now)
            return []
        }
        guard let tokens = scraped.tokens, tokens.isFinite else {
            plan(.metrics, configuration.scrapeInterval, now)
            return [.load(scraped.load)]
        }
        let verdict = progress.take(scraped.load, tokens: tokens, now: now)
        switch verdict {
        case .idle: plan(.metrics, configuration.scrapeInterval, now)
        case .moving: plan(.metrics, configuration.busyScrapeInterval, now)
        case .still, .stuck: plan(.metrics, configuration.stillScrapeInterval, now)
        }
        return [.load(scraped.load), .progress(isStuck: verdict == .stuck)]
    }

    private mutating func finishModels(_ result: ProbeResult, now: UInt64) -> [HealthReport] {
        if case .models(let names?) = result {
            knowsModels = true
            plan(.models, configuration.modelsInterval, now)
            return [.models(names)]
        }
        // What it said before stands; an instance without a list is not asked every five seconds.
        let hasNone = if case .models = result { true } else { false }
        let waits = knowsModels || hasNone
        plan(
            .models,
            waits ? configuration.modelsInterval : configuration.modelsRetryInterval,
            now
        )
        return []
    }

    private mutating func plan(_ probe: Probe, _ interval: Duration, _ now: UInt64) {
        let jitter = min(max(configuration.jitter, 0), 0.9)
        let factor = 1 - jitter + 2 * jitter * generator.unit()
        // An interval of a year is as good as a longer one, and never overflows.
        let nanoseconds = min(interval.clampedNanoseconds, 366 * 86_400 * 1_000_000_000)
        // Never at once: a result that comes without delay must not spin.
        due[probe.rawValue] = now.saturatingAdd(
            max(UInt64(Double(nanoseconds) * factor), 1_000_000)
        )
    }
}
