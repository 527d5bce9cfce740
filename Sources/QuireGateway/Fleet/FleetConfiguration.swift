/// Everything about upstreams, groups and their limits: plain values with defaults.
package struct FleetConfiguration: Hashable, Sendable {
    package var upstreams: [UpstreamConfiguration] = []
    package var groups: [ModelGroupConfiguration] = []
    /// How an instance is chosen, unless its group says otherwise.
    package var policy: PolicyKind = .leastConnections
    package var circuitBreaker = CircuitBreakerConfiguration()
    package var bulkhead = BulkheadConfiguration()
    package var passiveHealth = PassiveHealthConfiguration()
    package var activeHealth = ActiveHealthConfiguration()
    package var retry = RetryConfiguration()
    package var slowStart = SlowStartConfiguration()
    package var overload = OverloadConfiguration()
    package var prefixAffinity = PrefixAffinityConfiguration()
    package var latency = LatencyConfiguration()
    /// At least so many instances of a group count as healthy whatever was seen of them (if it
    /// has so many): the last one is never ejected.
    package var minHealthyUpstreams: Int = 1

    package init(upstreams: [UpstreamConfiguration] = []) {
        self.upstreams = upstreams
    }
}

/// A model as clients ask for it, and who serves it.
package struct ModelGroupConfiguration: Hashable, Sendable {
    /// The fleet's name of the model.
    package var model: String
    /// Other names for it.
    package var aliases: [String] = []
    /// Models that answer, in this order, when no healthy instance of this one has room.
    package var fallbackModels: [String] = []
    /// Names of upstreams.
    ///
    /// Empty: all that list the model or say that they serve it.
    package var upstreams: [String] = []
    /// `nil`: the fleet's policy.
    package var policy: PolicyKind?

    package init(model: String) {
        self.model = model
    }
}

/// A slow answer is better than a full instance: how many run at once, how many wait, how long.
package struct BulkheadConfiguration: Hashable, Sendable {
    /// Resilience4j `maxConcurrentCalls` (25 there), per upstream.
    ///
    /// An engine runs 256 to 1024 sequences at once and queues the rest itself; a lower default
    /// would leave it idle. Set it to what the instance can run, for example 32.
    package var maxConcurrentCalls: Int = 1024
    /// Resilience4j `maxWaitDuration` (0 there): how long a request waits for a slot.
    package var maxWaitDuration: Duration = .seconds(10)
    /// How many requests of a group wait at once; the next is refused.
    package var maxWaitingCalls: Int = 1024

    package init() {}
}

/// What checks and watches must have seen before an instance is taken out or back.
package struct ActiveHealthConfiguration: Hashable, Sendable {
    /// Failed checks in a row that take it out (haproxy `fall`).
    package var fall: Int = 2
    /// Good checks in a row that take it back (haproxy `rise`).
    package var rise: Int = 1
    /// A verdict is forgotten after so long without a report.
    package var validity: Duration = .seconds(60)

    package init() {}
}

/// How newcomers and recovered instances are brought up to their share.
package struct SlowStartConfiguration: Hashable, Sendable {
    /// nginx `slow_start` (0 there): from its first share to the whole; zero switches it off.
    package var duration: Duration = .seconds(10)
    /// The share it begins with.
    package var initialShare: Double = 0.1

    package init() {}
}

/// What an instance that says "too many requests" means for the next ones.
package struct OverloadConfiguration: Hashable, Sendable {
    /// How long it is passed over when it did not say.
    package var defaultRetryAfter: Duration = .seconds(1)
    /// No instance is passed over for longer than this, whatever it said.
    package var maxRetryAfter: Duration = .seconds(60)

    package init() {}
}

/// How latencies are averaged.
package struct LatencyConfiguration: Hashable, Sendable {
    /// After so long a peak has lost 63 % of its say.
    package var decay: Duration = .seconds(10)

    package init() {}
}

/// How much the gateway remembers of who has which prompt in its KV cache, and what it makes of it.
package struct PrefixAffinityConfiguration: Hashable, Sendable {
    /// The table never takes more, and takes nothing before the policy is used.
    package var tableBytes: Int = 8 << 20
    /// What a request in flight weighs beside the tokens of its prompt.
    package var tokensPerRequest: Int = 64
    /// What each request weighs that an instance was given lately beyond the least given one.
    package var tokensPerRequestAhead: Int = 16
    /// How soon "lately" is over: after so long, what was given counts half.
    package var halfLife: Duration = .seconds(60)
    /// Bounded load: an instance with more than this many times the mean in flight is passed over.
    package var maxLoadFactor: Double = 2

    package init() {}
}

extension Duration {
    /// Whole nanoseconds, 0 when negative, clamped where they do not fit.
    package var clampedNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (scaled, overflows) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflows { return .max }
        let (sum, carries) = scaled.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return carries ? .max : sum
    }
}
