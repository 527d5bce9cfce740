import QuireGateway
import Testing

@Suite struct FleetPropertyTests {
    @Test func booksBalanceOverTenThousandSeeds() {
        for seed in UInt64(0)..<10_000 {
            var driver = RandomFleetDriver(seed: seed)
            do {
                try driver.run(steps: 60)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test(arguments: PolicyKind.allCases)
    func noEligibleUpstreamStarves(policy: PolicyKind) {
        var configuration = FleetConfiguration(upstreams: (0..<6).map { upstream("u\($0)") })
        configuration.policy = policy
        var fleet = Fleet(configuration, seed: 7)
        var counts: [UpstreamID: Int] = [:]
        var running: [Attempt] = []
        var generator = SplitMix64(seed: 3)
        for index in 0..<1_200 {
            var request = PickRequest()
            request.stickyKey = generator.next()
            request.prefixKeys = [1, generator.next()]
            request.promptTokens = 32
            let now = UInt64(index) * 10 * millisecond
            guard case .attempt(let attempt) = fleet.pick(request, now: now) else {
                Issue.record("refused")
                return
            }
            counts[attempt.upstream, default: 0] += 1
            fleet.firstByte(attempt, now: now + 5 * millisecond)
            running.append(attempt)
            if running.count > 12 {
                _ = fleet.end(running.removeFirst(), .success, now: now + 6 * millisecond)
            }
        }
        #expect(counts.count == 6)
        #expect(counts.values.allSatisfy { $0 >= 100 }, "\(counts.values)")
    }
}
