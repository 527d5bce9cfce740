/// Mean, spread and percentiles of a set of measurements, defined as NumPy defines them.
package struct SampleStatistics: Sendable {
    private let sorted: [Double]
    package let mean: Double
    /// The standard deviation of the measurements themselves (divided by n).
    package let standardDeviation: Double

    package init(_ values: [Double]) {
        sorted = values.sorted()
        guard !values.isEmpty else {
            mean = 0
            standardDeviation = 0
            return
        }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        self.mean = mean
        standardDeviation =
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    }

    package var median: Double { percentile(50) }

    /// The percentile, linear between the two nearest measurements; 0 of none.
    package func percentile(_ percent: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let position = min(max(percent, 0), 100) / 100 * Double(sorted.count - 1)
        let index = Int(position)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
    }
}
