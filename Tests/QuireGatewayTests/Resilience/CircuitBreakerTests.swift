import QuireGateway
import Testing

@Suite struct CircuitBreakerTests {
    private func breaker() -> CircuitBreaker { CircuitBreaker(CircuitBreakerConfiguration()) }

    private func call(_ breaker: inout CircuitBreaker, failed: Bool?, at now: UInt64) {
        let epoch = breaker.begin(at: now)
        breaker.end(epoch: epoch, failed: failed, at: now)
    }

    private func opened() -> CircuitBreaker {
        var breaker = breaker()
        for _ in 0..<10 { call(&breaker, failed: true, at: 0) }
        return breaker
    }

    @Test func opensAtHalfOfTheWindowAndNotBefore() {
        var breaker = breaker()
        for index in 0..<9 { call(&breaker, failed: index.isMultiple(of: 2), at: 0) }
        #expect(breaker.state == .closed)
        call(&breaker, failed: false, at: 0)
        #expect(breaker.state == .open)
    }

    @Test func staysClosedBelowTheThreshold() throws {
        var breaker = breaker()
        for index in 0..<1_000 {
            call(&breaker, failed: index % 5 == 2 || index % 5 == 4, at: 0)
            try breaker.checkInvariants()
        }
        #expect(breaker.state == .closed)
    }

    @Test func onlyTheWindowCounts() {
        var breaker = breaker()
        for _ in 0..<8 { call(&breaker, failed: false, at: 0) }
        for _ in 0..<12 { call(&breaker, failed: false, at: 0) }
        for _ in 0..<9 { call(&breaker, failed: true, at: 0) }
        #expect(breaker.state == .closed)
        call(&breaker, failed: true, at: 0)
        #expect(breaker.state == .open)
    }

    @Test func callsThatSayNothingAreNotCounted() {
        var breaker = breaker()
        for _ in 0..<9 { call(&breaker, failed: true, at: 0) }
        for _ in 0..<100 { call(&breaker, failed: nil, at: 0) }
        #expect(breaker.state == .closed)
    }

    @Test func fiveTrialsAfterThirtySecondsThenClosed() {
        var breaker = opened()
        #expect(!breaker.permits(at: 30 * second - 1))
        #expect(breaker.permits(at: 30 * second))
        let epochs = (0..<5).map { _ in breaker.begin(at: 30 * second) }
        #expect(breaker.state == .halfOpen)
        #expect(!breaker.permits(at: 40 * second))
        for epoch in epochs { breaker.end(epoch: epoch, failed: false, at: 40 * second) }
        #expect(breaker.state == .closed)
    }

    @Test func failedTrialsOpenItForAnotherThirtySeconds() {
        var breaker = opened()
        for index in 0..<5 { call(&breaker, failed: index > 1, at: 31 * second) }
        #expect(breaker.state == .open)
        #expect(!breaker.permits(at: 60 * second))
        #expect(breaker.permits(at: 61 * second))
    }

    @Test func cancelledTrialGivesItsPlaceBack() {
        var breaker = opened()
        let epochs = (0..<5).map { _ in breaker.begin(at: 30 * second) }
        breaker.end(epoch: epochs[0], failed: nil, at: 31 * second)
        #expect(breaker.permits(at: 31 * second))
    }

    @Test func callsFromBeforeItOpenedSayNothingInItsTrials() {
        var breaker = breaker()
        let old = (0..<5).map { _ in breaker.begin(at: 0) }
        for _ in 0..<10 { call(&breaker, failed: true, at: 0) }
        _ = breaker.begin(at: 30 * second)
        #expect(breaker.state == .halfOpen)
        for epoch in old { breaker.end(epoch: epoch, failed: true, at: 31 * second) }
        #expect(breaker.state == .halfOpen)
    }
}
