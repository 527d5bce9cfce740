import QuireClient
import Testing

@Suite struct StatisticsTests {
    /// The expected values are NumPy 2's (mean, std, percentile with its default method).
    @Test func figuresAreNumPys() {
        let statistics = SampleStatistics([3, 1, 4, 1, 5, 9, 2, 6])
        #expect(abs(statistics.mean - 3.875) < 1e-12)
        #expect(abs(statistics.standardDeviation - 2.5708704751503917) < 1e-12)
        #expect(abs(statistics.median - 3.5) < 1e-12)
        #expect(abs(statistics.percentile(99) - 8.79) < 1e-12)
        #expect(abs(statistics.percentile(25) - 1.75) < 1e-12)
        #expect(statistics.percentile(0) == 1 && statistics.percentile(100) == 9)
    }

    @Test func nothingMeasuredIsZero() {
        let statistics = SampleStatistics([])
        #expect(statistics.mean == 0 && statistics.percentile(99) == 0)
        #expect(SampleStatistics([7]).percentile(99) == 7)
    }

    @Test func arrivalsKeepTheirRate() {
        for burstiness in [0.3, 1, 4, .infinity] {
            var generator = SeededGenerator(seed: 7)
            let times = ArrivalTimes.make(
                count: 400,
                rate: 50,
                burstiness: burstiness,
                using: &generator
            )
            #expect(times == times.sorted())
            #expect(abs((times.last ?? 0) - 8) < 1e-9)
        }
    }

    /// Gaps of a Poisson process vary as much as they are long; smaller shapes vary more.
    @Test(arguments: [(0.25, 2.0), (1.0, 1.0), (4.0, 0.5)])
    func gapsVaryAsTheShapeSays(_ shape: Double, _ variation: Double) {
        var generator = SeededGenerator(seed: 11)
        let gaps = SampleStatistics((0..<40_000).map { _ in generator.gamma(shape: shape) })
        #expect(abs(gaps.mean / shape - 1) < 0.05)
        #expect(abs(gaps.standardDeviation / gaps.mean / variation - 1) < 0.05)
    }

    @Test func anInfiniteRateLetsAllArriveAtOnce() {
        var generator = SeededGenerator(seed: 1)
        let times = ArrivalTimes.make(
            count: 3,
            rate: .infinity,
            burstiness: 1,
            using: &generator
        )
        #expect(times == [0, 0, 0])
    }

    @Test func decimalsAreRounded() {
        #expect(3.14159.decimal(2) == "3.14" && 0.005.decimal(2) == "0.01")
        #expect((-0.001).decimal(2) == "0.00" && (-1.5).decimal(0) == "-2")
        #expect(
            Double.nan.decimal(2) == "–" && 1e300.decimal(2) == "–" && 0.05.decimal(3) == "0.050"
        )
    }
}
