import QuireGateway
import Testing

@Suite struct PassiveHealthTests {
    private func call(_ health: inout PassiveHealth, reached: Bool?, at now: UInt64) {
        let epoch = health.begin(at: now)
        health.end(epoch: epoch, reached: reached, at: now)
    }

    @Test func twoFailuresInARowTakeItOutForTenSeconds() {
        var health = PassiveHealth(PassiveHealthConfiguration())
        call(&health, reached: false, at: 0)
        #expect(health.phase == .up)
        call(&health, reached: false, at: second)
        #expect(health.phase == .out)
        #expect(!health.permits(at: 11 * second - 1))
        #expect(health.permits(at: 11 * second))
    }

    @Test func anAnswerBetweenForgivesAndSoDoesTime() {
        var health = PassiveHealth(PassiveHealthConfiguration())
        for index in 0..<20 { call(&health, reached: index.isMultiple(of: 2), at: second) }
        #expect(health.phase == .up)
        call(&health, reached: false, at: 12 * second)
        call(&health, reached: nil, at: 12 * second)
        #expect(health.phase == .up)
    }

    @Test func trialIsOneCallAtATimeAndAFailureDoublesTheTime() {
        var health = PassiveHealth(PassiveHealthConfiguration())
        for _ in 0..<2 { call(&health, reached: false, at: 0) }
        let trial = health.begin(at: 10 * second)
        #expect(health.phase == .trial)
        #expect(!health.permits(at: 10 * second))
        health.end(epoch: trial, reached: false, at: 10 * second)
        #expect(!health.permits(at: 30 * second - 1))
        #expect(health.permits(at: 30 * second))
        call(&health, reached: true, at: 30 * second)
        #expect(health.phase == .up)
    }

    @Test func timeOutIsBounded() {
        var health = PassiveHealth(PassiveHealthConfiguration())
        var now: UInt64 = 0
        for _ in 0..<50 {
            call(&health, reached: false, at: now)
            now = max(now, health.outUntil)
        }
        let start = now
        call(&health, reached: false, at: start)
        #expect(health.outUntil - start == 300 * second)
    }

    @Test func zeroSwitchesItOff() {
        var configuration = PassiveHealthConfiguration()
        configuration.maxFails = 0
        var health = PassiveHealth(configuration)
        for _ in 0..<20 { call(&health, reached: false, at: 0) }
        #expect(health.phase == .up)
    }
}
