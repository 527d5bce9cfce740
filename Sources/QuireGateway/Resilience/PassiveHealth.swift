/// nginx's names: what is made of instances that cannot be reached, fall silent or break off.
package struct PassiveHealthConfiguration: Hashable, Sendable {
    /// nginx `max_fails` (1 there): failures without an answer between them, within `failTimeout`,
    /// that take an instance out.
    ///
    /// One alone is too little: a restart resets a kept connection, a very long answer meets a time
    /// limit. 0 switches it off.
    package var maxFails: Int = 2
    /// nginx `fail_timeout` (10 s): how long failures are remembered, and how long it is out the
    /// first time.
    package var failTimeout: Duration = .seconds(10)
    /// Each time it fails its trial it is out twice as long, up to this.
    package var maxEjectionTime: Duration = .seconds(300)

    package init() {}
}

/// Takes out an instance that does not answer, beside the breaker, which needs answers to judge.
///
///     up ── maxFails ──▶ out ── time is over, next call ──▶ trial (one call at a time)
///      ▲                  ▲                                   │
///      └── any answer ────┼───────────────────────────────────┤
///                         └── failed: out for twice as long ──┘
///
/// A pure value, told the time. As with the breaker, a call counts in the phase it began in.
package struct PassiveHealth: Sendable {
    package enum Phase: String, Sendable {
        case up
        case out
        case trial
    }

    package var configuration: PassiveHealthConfiguration
    package private(set) var phase = Phase.up
    package private(set) var epoch: UInt32 = 0
    package private(set) var outUntil: UInt64 = 0
    private var failCount = 0
    private var firstFailAt: UInt64 = 0
    /// How often in a row it was taken out.
    private var ejectionCount = 0
    private var trialsRunning = 0

    package init(_ configuration: PassiveHealthConfiguration) {
        self.configuration = configuration
    }

    package func permits(at now: UInt64) -> Bool {
        switch phase {
        case .up: true
        case .out: now >= outUntil
        case .trial: trialsRunning == 0
        }
    }

    package mutating func begin(at now: UInt64) -> UInt32 {
        if phase == .out, now >= outUntil { enter(.trial) }
        if phase == .trial { trialsRunning += 1 }
        return epoch
    }

    /// A call is over: it could be reached, could not, or (`nil`) that is not known.
    package mutating func end(epoch began: UInt32, reached: Bool?, at now: UInt64) {
        guard began == epoch else { return }
        switch (phase, reached) {
        case (.up, true?): failCount = 0
        case (.up, false?): countFail(at: now)
        case (.trial, true?): enter(.up)
        case (.trial, false?): eject(at: now)
        case (.trial, nil): trialsRunning -= 1
        case (.up, nil), (.out, _): break
        }
    }

    /// The instance is another one now: the trial need not wait.
    package mutating func endWait() {
        ejectionCount = 0
        if phase == .out { outUntil = 0 }
    }

    private mutating func countFail(at now: UInt64) {
        guard configuration.maxFails > 0 else { return }
        let window = configuration.failTimeout.clampedNanoseconds
        if failCount == 0 || now &- firstFailAt > window {
            failCount = 0
            firstFailAt = now
        }
        failCount += 1
        if failCount >= configuration.maxFails { eject(at: now) }
    }

    private mutating func eject(at now: UInt64) {
        let base = configuration.failTimeout.clampedNanoseconds
        // Long well: an old failure is no reason for a long punishment.
        if phase == .up, now &- outUntil > base.saturatingMultiply(10) { ejectionCount = 0 }
        let longest = max(base, configuration.maxEjectionTime.clampedNanoseconds)
        let time = min(longest, base.saturatingMultiply(1 << UInt64(min(ejectionCount, 20))))
        ejectionCount += 1
        outUntil = now.saturatingAdd(time)
        enter(.out)
    }

    private mutating func enter(_ next: Phase) {
        phase = next
        epoch &+= 1
        failCount = 0
        trialsRunning = 0
    }
}
