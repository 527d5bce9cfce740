import QuireKernels
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
    /// What the items of a call share; a C function has no captures.
    @safe private struct Counters {
        var counts: UnsafeMutablePointer<Int>
        var turns: Int

        /// Counts the item, after some work of uneven length.
        static let count: WorkerPool.Task = { arguments, item, scratch in
            guard let arguments = unsafe arguments, let scratch = unsafe scratch else { return }
            let counters = unsafe arguments.load(as: Counters.self)
            var value = 1.0
            for _ in 0..<counters.turns * Int(item % 5) { value = value * 1.0001 + 0.5 }
            unsafe scratch.storeBytes(of: value, as: Double.self)
            unsafe counters.counts[Int(item)] += 1
        }
    }

    @Test(arguments: [1, 2, 3, 8])
    func everyItemRunsOnce(threadCount: Int) {
        let pool = WorkerPool(threadCount: threadCount)
        let counts = UnsafeMutablePointer<Int>.allocate(capacity: 300)
        defer { unsafe counts.deallocate() }
        for call in 0..<2000 {
            let itemCount = call % 300
            unsafe counts.initialize(repeating: 0, count: 300)
            var counters = unsafe Counters(counts: counts, turns: call % 7)
            unsafe pool.run(Counters.count, &counters, itemCount: itemCount)
            for item in 0..<300 { #expect(unsafe counts[item] == (item < itemCount ? 1 : 0)) }
        }
    }

    /// Pauses longer than the spin between calls: threads park, and must be found again.
    @Test func parkedThreadsComeBack() {
        let pool = WorkerPool(threadCount: 3)
        let counts = UnsafeMutablePointer<Int>.allocate(capacity: 64)
        defer { unsafe counts.deallocate() }
        unsafe counts.initialize(repeating: 0, count: 64)
        var counters = unsafe Counters(counts: counts, turns: 2000)
        let clock = ContinuousClock()
        for _ in 0..<100 {
            unsafe pool.run(Counters.count, &counters, itemCount: 64)
            let end = clock.now + .microseconds(300)
            while clock.now < end {}
        }
        for item in 0..<64 { #expect(unsafe counts[item] == 100) }
    }

    @Test func poolsComeAndGo() {
        for round in 0..<50 {
            let pool = WorkerPool(threadCount: 1 + round % 4)
            #expect(pool.threadCount == 1 + round % 4)
        }
    }
}
