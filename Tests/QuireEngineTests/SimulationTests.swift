import QuireEngine
import Testing

@Suite struct SimulationTests {
    private static let seedsPerRun: UInt64 = 1250

    /// Ten thousand lives, in eight parts that may run beside each other.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func everyRequestIsAnsweredAsIfItWereAlone(part: UInt64) throws {
        var total = Simulation.Statistics()
        for seed in part * Self.seedsPerRun..<(part + 1) * Self.seedsPerRun {
            let statistics = try Simulation(seed: seed).run()
            total.preemptions += statistics.preemptions
            total.prefixHits += statistics.prefixHits
            total.finished += statistics.finished
        }
        // The lives are hard enough to mean something.
        #expect(total.preemptions > 500)
        #expect(total.prefixHits > 1000)
        #expect(total.finished > 5000)
    }
}
