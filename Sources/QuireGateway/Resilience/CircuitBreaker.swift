/// Resilience4j's names; its own defaults in brackets.
package struct CircuitBreakerConfiguration: Hashable, Sendable {
    /// Outcomes that are looked back on (100).
    package var slidingWindowSize: Int = 20
    /// Outcomes that must be seen before it may open (100, at most the window).
    ///
    /// Half a window: an instance that fails always has then failed 10 requests, not 20.
    package var minimumNumberOfCalls: Int = 10
    /// Percent of failures at which it opens (50).
    package var failureRateThreshold: Double = 50
    /// How long it stays open (60 s).
    package var waitDurationInOpenState: Duration = .seconds(30)
    /// Calls that are let through to see whether it is well again (10).
    package var permittedNumberOfCallsInHalfOpenState: Int = 5

    package init() {}
}

/// Stops sending requests to an instance that answers with failures, then tries it with a few.
///
///     closed ── failure rate reached ──▶ open ── wait is over, next call ──▶ half-open
///       ▲                                  ▲                                    │
///       └───────────── trials went well ───┼────────────────────────────────────┤
///                                          └── trials failed ───────────────────┘
///
/// A pure value: the owner tells it the time. An outcome counts only in the state its call began
/// in: what was sent before it opened says nothing about its health half a minute later.
package struct CircuitBreaker: Sendable {
    package enum State: String, Sendable {
        case closed
        case open
        case halfOpen = "half_open"
    }

    package let configuration: CircuitBreakerConfiguration
    package private(set) var state = State.closed
    /// Counts the changes of state.
    package private(set) var epoch: UInt32 = 0
    /// When the wait in the open state is over.
    package private(set) var openUntil: UInt64 = 0
    /// A ring of outcomes (true: failed), in use only while closed.
    private var window: [Bool]
    private var windowCursor = 0
    private var windowCount = 0
    private var failureCount = 0
    /// Calls of the half-open state that are running, and those that came to an end.
    private var trialsRunning = 0
    private var trialsDone = 0

    package init(_ configuration: CircuitBreakerConfiguration) {
        self.configuration = configuration
        let size = min(max(1, configuration.slidingWindowSize), 4096)
        window = Array(repeating: false, count: size)
    }

    /// New settings after a reload: an open one stays open for its time, counts begin anew.
    package init(_ configuration: CircuitBreakerConfiguration, after old: CircuitBreaker) {
        self.init(configuration)
        epoch = old.epoch &+ 1
        guard old.state != .closed else { return }
        state = .open
        openUntil = old.openUntil
    }

    /// Whether a call may be made now.
    package func permits(at now: UInt64) -> Bool {
        switch state {
        case .closed: true
        case .open: now >= openUntil
        case .halfOpen: trialsRunning + trialsDone < permittedTrials
        }
    }

    /// A call begins (permitted or not: the owner may know better).
    ///
    /// Returns what `end` wants.
    package mutating func begin(at now: UInt64) -> UInt32 {
        if state == .open, now >= openUntil { enter(.halfOpen) }
        if state == .halfOpen { trialsRunning += 1 }
        return epoch
    }

    /// A call is over.
    ///
    /// `failed` is `nil` when that says nothing.
    package mutating func end(epoch began: UInt32, failed: Bool?, at now: UInt64) {
        guard began == epoch else { return }
        switch state {
        case .open: break
        case .closed:
            guard let failed else { return }
            record(failed)
            if windowCount >= minimumCalls, isOverThreshold(of: windowCount) { open(at: now) }
        case .halfOpen:
            trialsRunning -= 1
            guard let failed else { return }
            trialsDone += 1
            if failed { failureCount += 1 }
            guard trialsDone >= permittedTrials else { return }
            if isOverThreshold(of: trialsDone) {
                open(at: now)
            } else {
                enter(.closed)
            }
        }
    }

    /// The instance is another one now: the trial need not wait.
    package mutating func endWait() {
        if state == .open { openUntil = 0 }
    }

    private var permittedTrials: Int {
        max(1, configuration.permittedNumberOfCallsInHalfOpenState)
    }

    private var minimumCalls: Int {
        min(max(1, configuration.minimumNumberOfCalls), window.count)
    }

    private func isOverThreshold(of count: Int) -> Bool {
        failureCount > 0
            && Double(failureCount) * 100 >= configuration.failureRateThreshold * Double(count)
    }

    private mutating func record(_ failed: Bool) {
        if windowCount == window.count {
            if window[windowCursor] { failureCount -= 1 }
        } else {
            windowCount += 1
        }
        window[windowCursor] = failed
        if failed { failureCount += 1 }
        windowCursor = windowCursor + 1 == window.count ? 0 : windowCursor + 1
    }

    private mutating func open(at now: UInt64) {
        openUntil = now.saturatingAdd(configuration.waitDurationInOpenState.clampedNanoseconds)
        enter(.open)
    }

    private mutating func enter(_ next: State) {
        state = next
        epoch &+= 1
        windowCursor = 0
        windowCount = 0
        failureCount = 0
        trialsRunning = 0
        trialsDone = 0
    }

    /// Throws unless the counts agree.
    ///
    /// For tests.
    package func checkInvariants() throws(BrokenFleetInvariant) {
        let failures = window.prefix(windowCount).count { $0 }
        try BrokenFleetInvariant.require(
            state != .closed || failures == failureCount,
            "the breaker's window holds as many failures as it counts"
        )
        try BrokenFleetInvariant.require(
            state != .halfOpen || trialsDone < permittedTrials,
            "a half-open breaker decides after its last trial"
        )
        try BrokenFleetInvariant.require(
            trialsRunning >= 0 && (state == .halfOpen || trialsRunning + trialsDone == 0),
            "only a half-open breaker has trials"
        )
    }
}
