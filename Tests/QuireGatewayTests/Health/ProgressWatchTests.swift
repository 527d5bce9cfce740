import QuireGateway
import Testing

@Suite struct ProgressWatchTests {
    private static let second: UInt64 = 1_000_000_000

    /// One instance's scrape at a second, and what the watch must say.
    private struct Step {
        var at: UInt64
        var running: Int
        var tokens: Double
        var kvUsage = 0.5
        var verdict: ProgressWatch.Verdict
    }

    private func check(_ steps: [Step], line: SourceLocation = #_sourceLocation) {
        var watch = ProgressWatch()
        for step in steps {
            let load = UpstreamLoad(running: step.running, waiting: 0, kvUsage: step.kvUsage)
            let verdict = watch.take(load, tokens: step.tokens, now: step.at * Self.second)
            #expect(verdict == step.verdict, "at \(step.at) s", sourceLocation: line)
            #expect(watch.isStuck == (step.verdict == .stuck), sourceLocation: line)
        }
    }

    @Test func anInstanceThatWorksIsNeverStuck() {
        check(
            (0..<50).map {
                Step(at: $0 * 2, running: 3, tokens: Double($0), verdict: .moving)
            }
        )
    }

    @Test func anInstanceWithNothingToDoIsNeverStuck() {
        check((0..<50).map { Step(at: $0 * 15, running: 0, tokens: 9, verdict: .idle) })
    }

    @Test func countersThatStandStillUnderRunningRequestsMeanStuck() {
        check([
            Step(at: 0, running: 3, tokens: 100, verdict: .moving),
            Step(at: 3, running: 3, tokens: 100, verdict: .still),
            Step(at: 5, running: 3, tokens: 100, verdict: .still),
            Step(at: 7, running: 4, tokens: 100, verdict: .stuck),
            Step(at: 9, running: 4, tokens: 100, verdict: .stuck),
            Step(at: 11, running: 4, tokens: 101, verdict: .moving),
        ])
    }

    @Test func manyQuickScrapesDoNotMakeAStandstill() {
        var watch = ProgressWatch()
        let load = UpstreamLoad(running: 1, waiting: 0, kvUsage: 0)
        for index in 0..<100 {
            let now = UInt64(index) * Self.second / 25
            #expect(watch.take(load, tokens: 1, now: now) != .stuck)
        }
    }

    @Test func requestsThatCameAfterAnIdleScrapeBeginTheStandstillThere() {
        check([
            Step(at: 0, running: 0, tokens: 100, verdict: .idle),
            Step(at: 15, running: 2, tokens: 100, verdict: .moving),
            Step(at: 18, running: 2, tokens: 100, verdict: .still),
            Step(at: 20, running: 2, tokens: 100, verdict: .still),
            Step(at: 22, running: 2, tokens: 100, verdict: .stuck),
        ])
    }

    @Test func aLongPrefillIsProgress() {
        check(
            (0..<20).map {
                Step(
                    at: $0 * 3,
                    running: 1,
                    tokens: 7,
                    kvUsage: 0.1 + Double($0) / 100,
                    verdict: .moving
                )
            }
        )
    }

    @Test func newArrivalsOnAHungInstanceAreNoProgress() {
        // KV use that only grows because more was admitted.
        check([
            Step(at: 0, running: 1, tokens: 7, kvUsage: 0.1, verdict: .moving),
            Step(at: 3, running: 2, tokens: 7, kvUsage: 0.2, verdict: .still),
            Step(at: 6, running: 3, tokens: 7, kvUsage: 0.3, verdict: .still),
            Step(at: 9, running: 4, tokens: 7, kvUsage: 0.4, verdict: .stuck),
        ])
    }

    @Test func aRestartIsProgress() {
        check([
            Step(at: 0, running: 1, tokens: 1000, verdict: .moving),
            Step(at: 3, running: 1, tokens: 1000, verdict: .still),
            Step(at: 6, running: 1, tokens: 3, verdict: .moving),
        ])
    }

    @Test func aStuckInstanceThatLostItsRequestsIsTriedAgainAfterAWhile() {
        check([
            Step(at: 0, running: 1, tokens: 5, verdict: .moving),
            Step(at: 2, running: 1, tokens: 5, verdict: .still),
            Step(at: 4, running: 1, tokens: 5, verdict: .still),
            Step(at: 6, running: 1, tokens: 5, verdict: .stuck),
            Step(at: 8, running: 0, tokens: 5, verdict: .stuck),
            Step(at: 12, running: 0, tokens: 5, verdict: .stuck),
            Step(at: 18, running: 0, tokens: 5, verdict: .idle),
            Step(at: 20, running: 1, tokens: 5, verdict: .moving),
            Step(at: 22, running: 1, tokens: 6, verdict: .moving),
        ])
    }
}
