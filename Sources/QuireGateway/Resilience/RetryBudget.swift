/// How often and how soon a failed request is tried again.
package struct RetryConfiguration: Hashable, Sendable {
    /// Attempts of one request, the first included (Resilience4j `maxAttempts`, 3).
    package var maxAttempts: Int = 3
    /// Retries per request, over all: 0.2 means that load grows by a fifth at the most.
    package var budgetRatio: Double = 0.2
    /// Retries that are free when there was no traffic yet.
    package var budgetReserve: Double = 10
    /// How fast the reserve comes back, for fleets with little traffic.
    package var reservePerSecond: Double = 0.5
    /// What can be saved up in good times, so that a crash under load is bridged.
    package var budgetMax: Double = 200
    /// The first pause; each further one is twice as long (Resilience4j `waitDuration`, 500 ms).
    package var backoffBase: Duration = .milliseconds(25)
    package var backoffMax: Duration = .seconds(1)

    package init() {}
}

/// A token bucket that requests fill and retries empty, so that retries cannot double the load of
/// a fleet that is failing.
///
/// Over any time, retries ≤ reserve + ratio × requests + reserve per second × seconds.
package struct RetryBudget: Sendable {
    package private(set) var balance: Double
    private var filledAt: UInt64?

    package init(_ configuration: RetryConfiguration) {
        balance = configuration.budgetReserve
    }

    /// A request came (not a retry).
    package mutating func deposit(_ configuration: RetryConfiguration) {
        balance = min(max(balance, configuration.budgetMax), balance + configuration.budgetRatio)
    }

    package mutating func take(_ configuration: RetryConfiguration, now: UInt64) -> Bool {
        if let filledAt, balance < configuration.budgetReserve, now > filledAt {
            let seconds = Double(now - filledAt) / 1e9
            balance = min(
                configuration.budgetReserve,
                balance + seconds * configuration.reservePerSecond
            )
        }
        filledAt = max(now, filledAt ?? 0)
        guard balance >= 1 else { return false }
        balance -= 1
        return true
    }
}

/// Pauses between attempts: exponential, with full jitter, so that those who failed together do
/// not come back together.
package enum Backoff {
    /// `retry` counts from 0.
    package static func nanoseconds(
        retry: Int,
        _ configuration: RetryConfiguration,
        using generator: inout some RandomNumberGenerator
    ) -> UInt64 {
        let base = configuration.backoffBase.clampedNanoseconds
        let factor: UInt64 = 1 << UInt64(min(max(0, retry), 30))
        let longest = min(
            configuration.backoffMax.clampedNanoseconds,
            base.saturatingMultiply(factor)
        )
        return longest == 0 ? 0 : UInt64.random(in: 0...longest, using: &generator)
    }
}
