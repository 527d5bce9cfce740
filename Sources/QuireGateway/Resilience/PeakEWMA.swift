/// A mean latency that believes bad news at once and good news slowly.
///
/// A sample above the mean becomes the mean; one below draws it down by how long ago the last one
/// was, so that the mean does not depend on how many requests there are.
struct PeakEWMA: Sendable {
    /// Nanoseconds; `nil` before the first sample.
    private(set) var mean: Double?
    private var updatedAt: UInt64 = 0

    /// The mean, forgotten bit by bit while no sample comes: one that was slow once is tried
    /// again some time, or nobody would ever learn that it is fast now.
    func fadedMean(at now: UInt64, decay: Duration) -> Double? {
        guard let mean, now > updatedAt else { return mean }
        return mean * kept(after: now - updatedAt, decay)
    }

    mutating func add(_ sample: UInt64, at now: UInt64, decay: Duration) {
        let sample = Double(sample)
        let elapsed = now > updatedAt ? now - updatedAt : 0
        updatedAt = max(now, updatedAt)
        guard let mean, sample < mean else {
            self.mean = sample
            return
        }
        let kept = kept(after: elapsed, decay)
        self.mean = mean * kept + sample * (1 - kept)
    }

    private func kept(after elapsed: UInt64, _ decay: Duration) -> Double {
        exponential(-Double(elapsed) / max(1, Double(decay.clampedNanoseconds)))
    }
}
