#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A mean latency that believes bad news at once and good news slowly.
///
/// A sample above the mean becomes the mean; one below draws it down by how long ago the last one
/// was, so that the mean does not depend on how many requests there are.
struct PeakEWMA: Sendable {
    /// Nanoseconds; `nil` before the first sample.
    private(set) var mean: Double?
    private var updatedAt: UInt64 = 0

    mutating func add(_ sample: UInt64, at now: UInt64, decay: Duration) {
        let sample = Double(sample)
        let elapsed = Double(now > updatedAt ? now - updatedAt : 0)
        updatedAt = max(now, updatedAt)
        guard let mean, sample < mean else {
            self.mean = sample
            return
        }
        let kept = exp(-elapsed / max(1, Double(decay.clampedNanoseconds)))
        self.mean = mean * kept + sample * (1 - kept)
    }
}
