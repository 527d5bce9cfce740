import Glibc
import QuireServer
import Synchronization
import Testing

/// The queue in front of the preprocess threads, by itself.
@Suite struct WorkQueueTests {
    @Test func workThatHasBegunIsDoneBeforeAQueueCloses() {
        let queue = WorkQueue(threadCount: 2, maxCount: 1000, maxBytes: 1 << 20)
        let done = Atomic<Int>(0)
        var takenCount = 0
        for _ in 0..<500 where queue.submit(bytes: 1, { done.add(1, ordering: .relaxed) }) {
            takenCount += 1
        }
        while !queue.isEmpty { sched_yield() }
        queue.close()
        #expect(takenCount == 500)
        #expect(done.load(ordering: .relaxed) == 500)
    }

    @Test func closingDropsTheWorkThatWaits() {
        let queue = WorkQueue(threadCount: 1, maxCount: 1000, maxBytes: 1 << 20)
        let isFilled = Atomic<Bool>(false)
        let done = Atomic<Int>(0)
        // The only thread stands still until nothing waits, which only dropping can bring about.
        #expect(
            queue.submit(bytes: 1) {
                while !isFilled.load(ordering: .acquiring) { sched_yield() }
                while !queue.isEmpty { sched_yield() }
            }
        )
        while !queue.isEmpty { sched_yield() }
        for _ in 0..<100 { #expect(queue.submit(bytes: 1) { done.add(1, ordering: .relaxed) }) }
        isFilled.store(true, ordering: .releasing)
        queue.close()
        #expect(done.load(ordering: .relaxed) == 0)
    }

    @Test func takenWorkIsLetGoOfWhenItIsDone() {
        final class Body: Sendable {}
        let queue = WorkQueue(threadCount: 1, maxCount: 1000, maxBytes: 1 << 20)
        let mayEnd = Atomic<Bool>(false)
        weak var body: Body?
        do {
            let held = Body()
            body = held
            #expect(queue.submit(bytes: 1) { _ = held })
        }
        // Many that wait behind, so that the queue's array is not cut.
        for _ in 0..<10 {
            #expect(
                queue.submit(bytes: 1) { while !mayEnd.load(ordering: .relaxed) { sched_yield() } }
            )
        }
        while body != nil { sched_yield() }
        mayEnd.store(true, ordering: .relaxed)
        queue.close()
    }

    @Test func oneThreadTakesWorkInTheOrderItCame() {
        let queue = WorkQueue(threadCount: 1, maxCount: 1000, maxBytes: 1 << 20)
        let order = Mutex<[Int]>([])
        for number in 0..<200 {
            #expect(queue.submit(bytes: 1) { order.withLock { $0.append(number) } })
        }
        while !queue.isEmpty { sched_yield() }
        queue.close()
        #expect(order.withLock { $0 } == Array(0..<200))
    }
}
