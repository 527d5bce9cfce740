/// When requests arrive, in seconds from the start.
package enum ArrivalTimes {
    /// Arrival times of `count` requests.
    ///
    /// Gaps are gamma distributed; burstiness 1 makes them a Poisson process, less is burstier,
    /// infinity is a metronome. As in vLLM the times are stretched so that the last request
    /// arrives at `count / rate`, which takes the chance out of the rate.
    ///
    /// The rate is in requests per second; infinity lets all arrive at once.
    package static func make(
        count: Int,
        rate: Double,
        burstiness: Double,
        using generator: inout SeededGenerator
    ) -> [Double] {
        guard rate.isFinite, rate > 0, count > 0 else {
            return [Double](repeating: 0, count: max(0, count))
        }
        var times: [Double] = []
        times.reserveCapacity(count)
        var time = 0.0
        for _ in 0..<count {
            time += burstiness.isFinite ? generator.gamma(shape: burstiness) : 1
            times.append(time)
        }
        guard time > 0 else { return [Double](repeating: 0, count: count) }
        let scale = Double(count) / rate / time
        return times.map { $0 * scale }
    }
}
