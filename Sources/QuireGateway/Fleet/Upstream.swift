/// All that the fleet knows of one instance.
///
/// A row of the fleet's table. An instance that a reload removed stays in its row, retired, until
/// its last attempt has ended, so that its slots are counted to the end.
struct Upstream: Sendable {
    /// Its settings, behind one reference: rows are copied in each pick.
    private(set) var target: UpstreamTarget
    let generation: Int
    /// Hash of name and address, the same in every process.
    let identity: UInt64
    /// Names it in the prefix table; the next tenant of the row has another.
    let tag: UInt16
    var isRetired = false

    // What the operator said.
    var weight: Int
    var isDraining = false
    var isEjected = false

    // What it is doing.
    var inFlight = 0
    var inFlightMax: Int
    /// Tokens of sent prompts without a first byte.
    var queuedTokens = 0
    var latency = PeakEWMA()
    var load: UpstreamLoad?
    var loadAt: UInt64 = 0
    var inFlightAtLoad = 0
    var discoveredModels: [String]?

    // What was made of that.
    var breaker: CircuitBreaker
    var passive: PassiveHealth
    var active = ActiveHealth()
    /// Failures since it last answered well.
    var failureStreak = 0
    /// Passed over until then if there is another.
    var overloadedUntil: UInt64 = 0
    private var overloadedAt: UInt64 = 0
    /// When it began to be brought up; `nil`: it has its whole share.
    private var rampStartedAt: UInt64?
    var totals = UpstreamTotals()

    init(
        _ configuration: UpstreamConfiguration,
        in fleet: FleetConfiguration,
        generation: Int,
        tag: UInt16
    ) {
        target = UpstreamTarget(configuration)
        self.generation = generation
        self.tag = tag
        identity = SplitMix64.hash(configuration.name + " " + configuration.endpoint.description)
        weight = configuration.weight
        inFlightMax = Self.inFlightMax(configuration, fleet)
        breaker = CircuitBreaker(fleet.circuitBreaker)
        passive = PassiveHealth(Self.passive(configuration, fleet))
    }

    /// Takes new settings and keeps all that was learnt.
    ///
    /// A weight that the operator set by hand stays until the configured one changes.
    mutating func reconfigure(_ next: UpstreamConfiguration, in fleet: FleetConfiguration) {
        if next.weight != configuration.weight { weight = next.weight }
        target = UpstreamTarget(next)
        isRetired = false
        inFlightMax = Self.inFlightMax(next, fleet)
        if breaker.configuration != fleet.circuitBreaker {
            breaker = CircuitBreaker(fleet.circuitBreaker, after: breaker)
        }
        passive.configuration = Self.passive(next, fleet)
    }

    var configuration: UpstreamConfiguration { target.configuration }

    /// Whether the operator lets it take requests.
    var isOpenForRequests: Bool { !isRetired && !isDraining && !isEjected && weight > 0 }

    var hasRoom: Bool { inFlight < inFlightMax }

    /// The names it answers to; `nil`: not known, so any.
    var servedModels: [String]? {
        configuration.models.isEmpty ? discoveredModels : configuration.models
    }

    func condition(at now: UInt64, _ fleet: FleetConfiguration) -> Condition {
        if active.isDead(at: now, fleet.activeHealth) { return .dead }
        if breaker.permits(at: now), passive.permits(at: now) { return .healthy }
        return failureStreak == 0 ? .answering : .failing
    }

    /// Its share of its weight, while it is brought up.
    func share(at now: UInt64, _ slowStart: SlowStartConfiguration) -> Double {
        guard let rampStartedAt else { return 1 }
        let whole = Double(slowStart.duration.clampedNanoseconds)
        let passed = Double(now > rampStartedAt ? now - rampStartedAt : 0)
        guard passed < whole else { return 1 }
        return min(1, max(0.01, slowStart.initialShare, passed / whole))
    }

    mutating func startRamp(at now: UInt64) { rampStartedAt = now }

    mutating func passOver(until: UInt64, at now: UInt64) {
        overloadedUntil = max(overloadedUntil, until)
        overloadedAt = now
    }

    /// A request that was sent after it said "too many" went well: it has room again.
    mutating func clearOverload(startedAt: UInt64) {
        if startedAt > overloadedAt { overloadedUntil = 0 }
    }

    /// When it may be tried again, for `Retry-After`.
    func retryAt(_ now: UInt64) -> UInt64 {
        var time = max(now, overloadedUntil)
        if breaker.state == .open { time = max(time, breaker.openUntil) }
        if passive.phase == .out { time = max(time, passive.outUntil) }
        return time
    }

    private static func inFlightMax(
        _ configuration: UpstreamConfiguration,
        _ fleet: FleetConfiguration
    ) -> Int {
        max(1, configuration.maxConcurrentCalls ?? fleet.bulkhead.maxConcurrentCalls)
    }

    private static func passive(
        _ configuration: UpstreamConfiguration,
        _ fleet: FleetConfiguration
    ) -> PassiveHealthConfiguration {
        var passive = fleet.passiveHealth
        passive.maxFails = configuration.maxFails ?? passive.maxFails
        passive.failTimeout = configuration.failTimeout ?? passive.failTimeout
        return passive
    }
}

/// How well an instance is thought to be, best first.
///
/// Where too few are healthy the next worse ones count as healthy too, so that the last one is
/// never ejected; but one that answers goes before one that fails, and a dead one comes last.
enum Condition: Int, Sendable, CaseIterable {
    case healthy
    /// Taken out, and its last answer was good.
    case answering
    case failing
    /// Checks or the progress watch say that it is dead.
    case dead
}

/// What was counted of an upstream since it is known.
package struct UpstreamTotals: Sendable, Hashable {
    package var attempts: UInt64 = 0
    package var successes: UInt64 = 0
    package var clientErrors: UInt64 = 0
    package var overloads: UInt64 = 0
    package var serverErrors: UInt64 = 0
    package var connectFailures: UInt64 = 0
    package var timeouts: UInt64 = 0
    package var cuts: UInt64 = 0
    package var cancellations: UInt64 = 0
    /// How often it went from healthy to taken out.
    package var ejections: UInt64 = 0

    mutating func count(_ outcome: Outcome) {
        switch outcome {
        case .success: successes += 1
        case .clientError: clientErrors += 1
        case .overloaded: overloads += 1
        case .serverError: serverErrors += 1
        case .connectFailed: connectFailures += 1
        case .timedOut: timeouts += 1
        case .cut: cuts += 1
        case .cancelled: cancellations += 1
        }
    }
}
