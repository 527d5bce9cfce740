import CQuireKernels

/// Fixed threads that share out the items of one kernel call after another.
///
/// Confined to one thread, the owner, which computes too: a pool of n has n − 1 threads, named
/// `kernels-1` and on. They stop when the pool goes.
package final class WorkerPool {
    package typealias Task =
        @convention(c) (UnsafeRawPointer?, Int64, UnsafeMutableRawPointer?) -> Void

    /// Threads that compute, the owner among them.
    package let threadCount: Int
    private let queue = ItemQueue()
    private var workers: [WorkerThread] = []
    /// The working memory of each thread, the owner's first.
    private var scratches: [HostMemory]

    package init(threadCount: Int) {
        precondition(threadCount > 0, "a pool of no threads")
        self.threadCount = threadCount
        scratches = (0..<threadCount).map { _ in HostMemory(byteCount: 1 << 20) }
        for index in 1..<max(threadCount, 1) {
            workers.append(
                WorkerThread(name: "kernels-\(index)", queue: queue, index: index)
            )
        }
        publishScratches()
    }

    deinit {
        queue.stop()
        for worker in workers { worker.join() }
    }

    /// Makes sure that each thread's scratch has at least `byteCount` bytes; costs nothing if so.
    func reserveScratch(_ byteCount: Int) {
        guard scratches[0].byteCount < byteCount else { return }
        scratches = (0..<threadCount).map { _ in HostMemory(byteCount: byteCount) }
        publishScratches()
    }

    /// Runs `task` for the items `0..<itemCount`, in any order and on any thread, and returns when
    /// all are done.
    ///
    /// One item runs here without a word to the others: for little work that is what is fast.
    package func run(_ task: Task, _ arguments: UnsafeRawPointer, itemCount: Int) {
        let scratch = unsafe scratches[0].start
        guard itemCount > 1, threadCount > 1 else {
            for item in 0..<itemCount { unsafe task(arguments, Int64(item), scratch) }
            return
        }
        unsafe queue.open(task, arguments, itemCount: itemCount)
        unsafe queue.work(scratch)
        queue.close(itemCount: itemCount)
    }

    private func publishScratches() {
        unsafe queue.setScratches(scratches.map { unsafe $0.start })
    }
}
