import Synchronization

/// A count that only grows.
///
/// Adding is one atomic instruction; any thread.
package final class Counter: Sendable {
    private let total = Atomic<UInt64>(0)

    package init() {}

    package func increment(by amount: Int = 1) {
        total.wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed)
    }

    package var value: UInt64 { total.load(ordering: .relaxed) }
}

/// A value that goes up and down.
///
/// Setting is one atomic store, adding one exchange; any thread.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    package func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(
                expected: old,
                desired: new,
                ordering: .relaxed
            )
            if exchanged { return }
            old = original
        }
    }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts of observations by upper bound, with their sum, as Prometheus defines a histogram.
///
/// One writer at a time per histogram keeps the sum exact; buckets are exact in any case. An
/// observation costs a scan of the bounds and three atomic instructions.
package final class Histogram: Sendable {
    /// Upper bounds, ascending, without the last one (infinity).
    package let bounds: [Double]
    private let buckets: [Counter]
    private let sumBits = Atomic<UInt64>(0)

    package init(bounds: [Double]) {
        self.bounds = bounds
        self.buckets = (0...bounds.count).map { _ in Counter() }
    }

    package func observe(_ value: Double, count: Int = 1) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        buckets[index].increment(by: count)
        var old = sumBits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + value * Double(count)).bitPattern
            let (exchanged, original) = sumBits.weakCompareExchange(
                expected: old,
                desired: new,
                ordering: .relaxed
            )
            if exchanged { break }
            old = original
        }
    }

    package var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }

    /// Observations per bucket, not cumulated; the last is beyond every bound.
    package var bucketCounts: [UInt64] { buckets.map(\.value) }
}
