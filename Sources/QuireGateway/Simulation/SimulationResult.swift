/// What came of a simulated run.
package struct SimulationResult: Sendable {
    package var requests = 0
    package var failed = 0
    package var attempts = 0
    package var failedAttempts = 0
    package var seconds = 0.0
    package var firstTokenSeconds: [Double] = []
    package var totalSeconds: [Double] = []
    package var servedByEngine: [Int]
    package var attemptsOfEngine: [Int]
    package var isEngineWell: [Bool]
    package var promptTokens = 0
    package var cachedTokens = 0
    /// Attempts that never ended; 0, or slots leak.
    package var leftInFlight = 0

    init(engineCount: Int) {
        servedByEngine = Array(repeating: 0, count: engineCount)
        attemptsOfEngine = servedByEngine
        isEngineWell = Array(repeating: true, count: engineCount)
    }

    /// Requests of the busiest engine over those of the mean one, engines with a fault left out.
    package var spread: Double {
        let served = zip(servedByEngine, isEngineWell).filter(\.1).map { Double($0.0) }
        let mean = served.reduce(0, +) / Double(max(1, served.count))
        return (served.max() ?? 0) / max(mean, 1)
    }

    /// Share of all prompt tokens that the engines found in their caches.
    package var hitShare: Double { Double(cachedTokens) / Double(max(1, promptTokens)) }

    /// The value that so large a share is not above.
    package static func quantile(_ share: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        if sorted.isEmpty { return 0 }
        let place = (Double(sorted.count) * share).rounded(.up) - 1
        return sorted[min(sorted.count - 1, max(0, Int(place)))]
    }
}
