import QuireKernels
import Testing

@Suite struct MachineLimitsTests {
    @Test func ratesArePlausible() {
        let limits = MachineLimits.measure(threadCounts: [1, 2])
        #expect(limits.rates.map { $0.threadCount } == [1, 2])
        for rate in limits.rates {
            #expect((1e8...1e13).contains(rate.readBytesPerSecond))
            #expect((1e8...1e14).contains(rate.flopsPerSecond))
        }
    }
}
