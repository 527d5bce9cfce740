import QuireServer
import Synchronization
import Testing

/// The queue in front of the preprocess threads, by itself.
@Suite struct WorkQueueTests {
    @Test func allWorkIsDoneBeforeAQueueCloses() {
        let queue = WorkQueue(threadCount: 2, maxCount: 1000, maxBytes: 1 << 20)
        let done = Atomic<Int>(0)
        var takenCount = 0
        for _ in 0..<500 where queue.submit(bytes: 1, { done.add(1, ordering: .relaxed) }) {
            takenCount += 1
        }
        queue.close()
        #expect(takenCount == 500)
        #expect(done.load(ordering: .relaxed) == 500)
        #expect(queue.isEmpty)
    }

    @Test func oneThreadTakesWorkInTheOrderItCame() {
        let queue = WorkQueue(threadCount: 1, maxCount: 1000, maxBytes: 1 << 20)
        let order = Mutex<[Int]>([])
        for number in 0..<200 {
            #expect(queue.submit(bytes: 1) { order.withLock { $0.append(number) } })
        }
        queue.close()
        #expect(order.withLock { $0 } == Array(0..<200))
    }
}
