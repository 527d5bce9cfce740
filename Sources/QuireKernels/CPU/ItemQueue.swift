import CQuireKernels
import Glibc
import Synchronization

/// What the owner of a ``WorkerPool`` and its threads share: the items of the current call.
///
///     cursor   [ item count : 32 | next item : 32 ]     a claim is a fetch-add of 1
///     done     items finished; the call is over when it equals the count
///
/// Items are claimed one at a time, so a thread that the system delays holds up only the item that
/// it has, and the owner never waits for a thread that claimed none. Who holds an item may read
/// the call's task and arguments, since the call cannot end before the item does; a claim that
/// comes late finds no item and touches nothing.
///
/// A thread without an item spins for `spinNanoseconds`, long enough to meet the next call of the
/// same step (measured with two threads: a call that finds the other spinning costs 0.4 µs, one that
/// must wake it 15 µs), then parks on a condition variable, so that an idle process uses no
/// processor.
@safe final class ItemQueue: @unchecked Sendable {
    // Safe: `task` and `arguments` are written by the owner while no item is open and read only by
    // who holds one; the cursor orders the two. `scratches` likewise.
    private static let spinNanoseconds: UInt64 = 50_000
    private static let spinsPerClockRead = 64

    private let cursor = Atomic<UInt64>(0)
    private let done = Atomic<Int>(0)
    private let parkedCount = Atomic<Int>(0)
    private let ownerIsParked = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private var task: WorkerPool.Task?
    private var arguments: UnsafeRawPointer?
    private var scratches = unsafe [UnsafeMutableRawPointer]()
    private let parking: UnsafeMutablePointer<Parking>

    /// The mutex and conditions of the slow path, at a fixed address.
    @unsafe private struct Parking {
        var mutex = unsafe pthread_mutex_t()
        var items = pthread_cond_t()
        var end = pthread_cond_t()
    }

    init() {
        unsafe parking = .allocate(capacity: 1)
        unsafe parking.initialize(to: Parking())
        unsafe pthread_mutex_init(&parking.pointee.mutex, nil)
        unsafe pthread_cond_init(&parking.pointee.items, nil)
        unsafe pthread_cond_init(&parking.pointee.end, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(&parking.pointee.end)
        unsafe pthread_cond_destroy(&parking.pointee.items)
        unsafe pthread_mutex_destroy(&parking.pointee.mutex)
        unsafe parking.deallocate()
    }

    // MARK: The owner

    /// Sets the threads' scratch memory, while no call is open.
    func setScratches(_ addresses: [UnsafeMutableRawPointer]) { unsafe scratches = addresses }

    /// Opens a call: from here on, threads may claim its items.
    func open(_ task: WorkerPool.Task, _ arguments: UnsafeRawPointer, itemCount: Int) {
        precondition(itemCount < Int(Int32.max), "too many items")
        unsafe self.task = task
        unsafe self.arguments = arguments
        done.store(0, ordering: .relaxed)
        cursor.store(UInt64(itemCount) << 32, ordering: .sequentiallyConsistent)
        // Either this sees a thread that is about to park, or that thread sees the new cursor.
        if parkedCount.load(ordering: .sequentiallyConsistent) > 0 {
            unsafe pthread_mutex_lock(&parking.pointee.mutex)
            unsafe pthread_cond_broadcast(&parking.pointee.items)
            unsafe pthread_mutex_unlock(&parking.pointee.mutex)
        }
    }

    /// Waits until every item of the call is done.
    func close(itemCount: Int) {
        guard !spin(until: { done.load(ordering: .acquiring) == itemCount }) else { return }
        unsafe pthread_mutex_lock(&parking.pointee.mutex)
        ownerIsParked.store(true, ordering: .sequentiallyConsistent)
        while done.load(ordering: .sequentiallyConsistent) != itemCount {
            unsafe pthread_cond_wait(&parking.pointee.end, &parking.pointee.mutex)
        }
        ownerIsParked.store(false, ordering: .relaxed)
        unsafe pthread_mutex_unlock(&parking.pointee.mutex)
    }

    /// Makes every thread return from `serve`.
    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        unsafe pthread_mutex_lock(&parking.pointee.mutex)
        unsafe pthread_cond_broadcast(&parking.pointee.items)
        unsafe pthread_mutex_unlock(&parking.pointee.mutex)
    }

    // MARK: Every thread

    /// Computes items of the current call until none is left to claim.
    func work(_ scratch: UnsafeMutableRawPointer) {
        while let item = claim(), let task = unsafe task {
            unsafe task(arguments, Int64(item), scratch)
            finish()
        }
    }

    /// A worker's life: works on call after call until the queue stops.
    func serve(threadIndex: Int) {
        while waitForItems() {
            while let item = claim(), let task = unsafe task {
                unsafe task(arguments, Int64(item), scratches[threadIndex])
                finish()
            }
        }
    }

    /// The next item, or `nil` when none is left.
    private func claim() -> Int? {
        guard hasItems else { return nil }
        let old = cursor.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
        let item = old & 0xFFFF_FFFF
        return item < old >> 32 ? Int(item) : nil
    }

    private var hasItems: Bool {
        let value = cursor.load(ordering: .acquiring)
        return value & 0xFFFF_FFFF < value >> 32
    }

    private func finish() {
        done.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if ownerIsParked.load(ordering: .sequentiallyConsistent) {
            unsafe pthread_mutex_lock(&parking.pointee.mutex)
            unsafe pthread_cond_signal(&parking.pointee.end)
            unsafe pthread_mutex_unlock(&parking.pointee.mutex)
        }
    }

    /// Waits for a call with items; false when the queue stops.
    private func waitForItems() -> Bool {
        if !spin(until: { hasItems || isStopping.load(ordering: .relaxed) }) {
            unsafe pthread_mutex_lock(&parking.pointee.mutex)
            parkedCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
            while !hasItemsNow, !isStopping.load(ordering: .sequentiallyConsistent) {
                unsafe pthread_cond_wait(&parking.pointee.items, &parking.pointee.mutex)
            }
            parkedCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            unsafe pthread_mutex_unlock(&parking.pointee.mutex)
        }
        return !isStopping.load(ordering: .relaxed)
    }

    private var hasItemsNow: Bool {
        let value = cursor.load(ordering: .sequentiallyConsistent)
        return value & 0xFFFF_FFFF < value >> 32
    }

    /// Spins until the condition holds, and returns true, or for a bounded time.
    private func spin(until condition: () -> Bool) -> Bool {
        let start = Self.now()
        while true {
            for _ in 0..<Self.spinsPerClockRead {
                if condition() { return true }
                quire_relax()
            }
            if Self.now() &- start > Self.spinNanoseconds { return false }
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
