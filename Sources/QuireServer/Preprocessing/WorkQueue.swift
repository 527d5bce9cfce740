import Glibc
import Synchronization

/// A few threads with a bounded queue in front: where requests are parsed, rendered and tokenised,
/// so that a long prompt stalls neither a loop nor the engine.
///
/// Any thread. Work is taken in the order it came. Beyond its bounds `submit` refuses at once.
package final class WorkQueue: Sendable {
    private struct Job {
        var bytes: Int
        /// `nil` once it is taken: with it goes the request's body.
        var work: (@Sendable () -> Void)?
    }

    private struct State {
        var jobs: [Job] = []
        /// Jobs before this were taken; the array is cut when half of it is taken.
        var first = 0
        var bytes = 0
        var isClosed = false
        var threads: [pthread_t] = []

        var count: Int { jobs.count - first }
    }

    private let state = Mutex(State())
    private let ready = Semaphore()
    private let maxCount: Int
    private let maxBytes: Int

    /// Starts the threads.
    ///
    /// A job larger than `maxBytes` is taken all the same when it would wait alone.
    package init(threadCount: Int, maxCount: Int, maxBytes: Int) {
        self.maxCount = maxCount
        self.maxBytes = maxBytes
        var threads: [pthread_t] = []
        for _ in 0..<max(1, threadCount) {
            var thread = pthread_t()
            let context = unsafe Unmanaged.passRetained(self).toOpaque()
            let failure = unsafe pthread_create(&thread, nil, Self.threadMain, context)
            precondition(failure == 0, "the system refuses a thread (error \(failure))")
            threads.append(thread)
        }
        state.withLock { $0.threads = threads }
    }

    /// Queues work of that many bytes; false if the queue is full or closed.
    package func submit(bytes: Int, _ work: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.count < maxCount else { return false }
            guard state.count == 0 || state.bytes + bytes <= maxBytes else { return false }
            state.jobs.append(Job(bytes: bytes, work: work))
            state.bytes += bytes
            return true
        }
        if isTaken { ready.signal() }
        return isTaken
    }

    /// Whether no work waits for a thread.
    package var isEmpty: Bool { state.withLock { $0.count == 0 } }

    /// Drops queued work, lets work that has begun finish, and waits for the threads; further work
    /// is refused.
    package func close() {
        let (threads, dropped) = state.withLock { state in
            state.isClosed = true
            defer {
                state.threads = []
                state.jobs = []
                state.first = 0
                state.bytes = 0
            }
            return (state.threads, state.jobs)
        }
        // Let go of outside the lock: it holds bodies and connections.
        _ = consume dropped
        for _ in threads { ready.signal() }
        for thread in threads { pthread_join(thread, nil) }
    }

    private static let threadMain:
        @convention(c) (UnsafeMutableRawPointer?) ->
            UnsafeMutableRawPointer? = { context in
                guard let context = unsafe context else { return nil }
                let queue = unsafe Unmanaged<WorkQueue>.fromOpaque(context).takeRetainedValue()
                while let work = queue.next() { work() }
                return nil
            }

    /// The next work, waited for; `nil` when the queue is closed.
    private func next() -> (@Sendable () -> Void)? {
        ready.wait()
        return state.withLock { state in
            guard state.count > 0 else { return nil }
            let job = state.jobs[state.first]
            state.jobs[state.first].work = nil
            state.first += 1
            state.bytes -= job.bytes
            if state.first * 2 >= state.jobs.count {
                state.jobs.removeFirst(state.first)
                state.first = 0
            }
            return job.work
        }
    }
}

/// A counting semaphore of the system, which needs no lock to wait on.
@safe private final class Semaphore: @unchecked Sendable {
    // Safe: the calls below may be made from any thread at the same time, and the memory lives as
    // long as this object.
    private let handle: UnsafeMutablePointer<sem_t>

    init() {
        unsafe handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        let failure = unsafe sem_init(handle, 0, 0)
        precondition(failure == 0, "the system refuses a semaphore")
    }

    deinit {
        unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    func signal() { unsafe sem_post(handle) }

    func wait() {
        // A signal handler may interrupt the wait.
        while unsafe sem_wait(handle) != 0 {}
    }
}
