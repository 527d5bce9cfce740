import QuireGateway
import Testing

@Suite struct PolicyComparisonTests {
    @Test func tableHasEveryPolicyInEveryScenarioAndNothingFails() throws {
        let rows = try PolicyComparison.rows(seed: 1)
        #expect(rows.count == SimulatedScenario.all.count * PolicyKind.allCases.count)
        #expect(rows.allSatisfy { $0.failed == 0 })
        let text = PolicyComparison.text(rows)
        #expect(text.split(separator: "\n").count == rows.count + 2)
    }

    @Test func sameSeedGivesTheSameTable() throws {
        let scenarios = [SimulatedScenario.multiTurn]
        let first = try PolicyComparison.rows(seed: 5, scenarios: scenarios)
        let again = try PolicyComparison.rows(seed: 5, scenarios: scenarios)
        #expect(PolicyComparison.text(first) == PolicyComparison.text(again))
    }

    /// Four engines, chats of 4 to 12 turns whose caches together do not fit in one engine.
    @Test(arguments: 1...5)
    func chatsFindTheirCacheAndLoadStaysEven(seed: Int) throws {
        let rows = try PolicyComparison.rows(
            seed: UInt64(seed),
            scenarios: [.multiTurn],
            policies: [.prefixAffinity, .leastConnections]
        )
        #expect(rows[0].hitShare >= 0.80)
        #expect(rows[0].spread <= 1.15)
        #expect(rows[0].firstTokenP99 < rows[1].firstTokenP99 / 2)
        #expect(rows[0].hitShare > rows[1].hitShare + 0.2)
    }

    @Test(arguments: PolicyKind.allCases)
    func booksBalanceThroughoutASimulation(policy: PolicyKind) throws {
        for (index, scenario) in SimulatedScenario.all.enumerated() {
            var small = scenario
            small.conversations = 60
            var configuration = FleetConfiguration()
            configuration.policy = policy
            configuration.bulkhead.maxConcurrentCalls = 6
            configuration.upstreams = small.engines.indices.map { upstream("u\($0)") }
            var simulator = Simulator(
                small,
                configuration,
                seed: UInt64(index),
                checksInvariants: true
            )
            let result = try simulator.run()
            #expect(result.leftInFlight == 0)
            #expect(result.requests >= 60)
        }
    }
}
