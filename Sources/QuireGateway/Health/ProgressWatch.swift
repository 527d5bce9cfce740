/// What the progress watch takes for a standstill.
package struct ProgressWatchConfiguration: Hashable, Sendable {
    /// Scrapes in a row without progress, behind the first one, that make an instance stuck.
    package var stillScrapes: Int = 3
    /// No instance is stuck that stood still for less than this.
    ///
    /// The longest prefill of a single prompt bounds it from below, for engines whose counters move
    /// only at a prefill's end and whose KV use does not grow on the way.
    package var standstill: Duration = .seconds(5)
    /// A stuck instance gets another chance when nothing has run on it for so long.
    package var idleRecovery: Duration = .seconds(10)

    package init() {}
}

/// Tells an instance that works from one that only says so: requests run, no token comes.
///
/// A hung engine often answers `/health`, because another thread or process does that; its token
/// counters cannot lie. Fed with each scrape of one instance. What counts as progress: a token
/// counter that changed (a lower one is a restart), or KV use that grew while as many requests ran
/// as before (a long prefill). A pure value, told the time.
package struct ProgressWatch: Sendable {
    package enum Verdict: Sendable, Hashable {
        /// Nothing runs; not a word about health.
        case idle
        /// Requests run and tokens came since the last scrape, or there is none to compare with.
        case moving
        /// Requests run and no token came: look again soon.
        case still
        /// It stood still for too long.
        case stuck
    }

    private struct Sample {
        var running: Int
        var tokens: Double
        var kvUsage: Double
    }

    private let configuration: ProgressWatchConfiguration
    private var last: Sample?
    private var stillScrapes = 0
    /// When the first of the scrapes in a row came that saw the same counters.
    private var stillSince: UInt64 = 0
    private var idleSince: UInt64?
    package private(set) var isStuck = false

    package init(_ configuration: ProgressWatchConfiguration = ProgressWatchConfiguration()) {
        self.configuration = configuration
    }

    /// Takes a scrape: requests that run, tokens of prompts and answers ever, KV use.
    package mutating func take(_ load: UpstreamLoad, tokens: Double, now: UInt64) -> Verdict {
        let sample = Sample(running: load.running, tokens: tokens, kvUsage: load.kvUsage)
        defer { last = sample }
        guard let last else {
            stillSince = now
            return sample.running > 0 ? .moving : .idle
        }
        let isPrefilling = sample.running == last.running && sample.kvUsage > last.kvUsage
        if sample.tokens != last.tokens || sample.running > 0 && isPrefilling {
            isStuck = false
            return rest(sample.running, now: now)
        }
        guard sample.running > 0 else { return takeIdle(now: now) }
        idleSince = nil
        if last.running == 0 {
            // They came in between: the standstill, if it is one, begins here.
            if !isStuck { return rest(sample.running, now: now) }
        }
        stillScrapes += 1
        let stood = now >= stillSince ? now - stillSince : 0
        if stillScrapes >= configuration.stillScrapes,
            stood >= configuration.standstill.clampedNanoseconds
        {
            isStuck = true
        }
        return isStuck ? .stuck : .still
    }

    /// A stuck instance may have lost its requests to time limits: it is tried again after a while,
    /// since without traffic its counters would never move.
    private mutating func takeIdle(now: UInt64) -> Verdict {
        guard isStuck else { return rest(0, now: now) }
        let since = idleSince ?? now
        idleSince = since
        guard now >= since, now - since >= configuration.idleRecovery.clampedNanoseconds else {
            return .stuck
        }
        isStuck = false
        return rest(0, now: now)
    }

    private mutating func rest(_ running: Int, now: UInt64) -> Verdict {
        stillScrapes = 0
        stillSince = now
        idleSince = nil
        return running > 0 ? .moving : .idle
    }
}
