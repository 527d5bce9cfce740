import Glibc
import Synchronization

/// One message to the engine.
package enum EngineCommand: Sendable {
    case add(EngineRequest)
    /// Ends a request early, for the reason given.
    case abort(OutputAddress, as: FinishReason = .abort)
}

/// What other threads tell the engine thread: requests and aborts in one order, and to stop.
///
/// The engine takes everything with one lock per step, and parks on a condition when it has nothing
/// to do. Requests are bounded by the queue's depth, counted together with those that wait in the
/// scheduler; aborts by the requests that they are for.
@safe final class EngineInbox: @unchecked Sendable {
    // Safe: the stored variables are touched under `mutex` only.
    enum Stage: Sendable, Comparable {
        case running
        /// Takes no new requests, finishes those it has, then ends.
        case draining
        /// Ends after the step under way.
        case stopping
        /// The engine thread is done.
        case ended
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let queueDepthMax: Int
    private var commands: [EngineCommand] = []
    private var addCount = 0
    /// Requests that wait in the scheduler; written by the engine thread.
    private let schedulerWaitingCount = Atomic<Int>(0)
    private var stage = Stage.running

    init(queueDepthMax: Int) {
        self.queueDepthMax = queueDepthMax
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    // MARK: Any thread

    func add(_ request: EngineRequest) throws(EngineError) {
        lock()
        defer { unlock() }
        guard stage == .running else { throw .draining }
        let waitingCount = addCount + schedulerWaitingCount.load(ordering: .relaxed)
        guard waitingCount < queueDepthMax else { throw .full }
        commands.append(.add(request))
        addCount += 1
        wake()
    }

    func abort(_ address: OutputAddress, as reason: FinishReason) {
        lock()
        defer { unlock() }
        guard stage != .ended else { return }
        commands.append(.abort(address, as: reason))
        wake()
    }

    /// Moves on to a later stage; going back is ignored.
    func advance(to stage: Stage) {
        lock()
        defer { unlock() }
        self.stage = max(self.stage, stage)
        wake()
    }

    /// Waits until the engine thread is done.
    func waitUntilEnded() {
        lock()
        defer { unlock() }
        while stage != .ended { wait() }
    }

    var currentStage: Stage {
        lock()
        defer { unlock() }
        return stage
    }

    /// Requests that wait, here and in the scheduler.
    var waitingCount: Int {
        lock()
        defer { unlock() }
        return addCount + schedulerWaitingCount.load(ordering: .relaxed)
    }

    // MARK: Engine thread

    /// Swaps what has arrived for `commands`, which must be empty; parks while there is nothing to
    /// do, which `isIdle` tells of the engine.
    ///
    /// False when it is to end.
    func take(into commands: inout [EngineCommand], isIdle: Bool, waitingCount: Int) -> Bool {
        precondition(commands.isEmpty, "what was taken before has been handled")
        lock()
        defer { unlock() }
        while isIdle, self.commands.isEmpty, stage == .running { wait() }
        swap(&commands, &self.commands)
        // What is taken waits in the scheduler from now on, until `noteWaiting` knows better.
        schedulerWaitingCount.store(waitingCount + addCount, ordering: .relaxed)
        addCount = 0
        switch stage {
        case .running: return true
        case .draining: return !(isIdle && commands.isEmpty)
        case .stopping, .ended: return false
        }
    }

    /// Says how many still wait once a step has been scheduled.
    func noteWaiting(_ count: Int) { schedulerWaitingCount.store(count, ordering: .relaxed) }

    private func lock() { unsafe pthread_mutex_lock(mutex) }
    private func unlock() { unsafe pthread_mutex_unlock(mutex) }
    private func wake() { unsafe pthread_cond_broadcast(changed) }
    private func wait() { unsafe pthread_cond_wait(changed, mutex) }
}
