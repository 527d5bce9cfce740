import Glibc
import Synchronization

/// One thread, joined by whoever waits for it first.
final class EngineThread: Sendable {
    /// The body, and what it says about its start.
    private final class Body {
        let run: (@escaping @Sendable ((any Error)?) -> Void) -> Void
        let started: @Sendable ((any Error)?) -> Void

        init(
            run: @escaping (@escaping @Sendable ((any Error)?) -> Void) -> Void,
            started: @escaping @Sendable ((any Error)?) -> Void
        ) {
            self.run = run
            self.started = started
        }
    }

    /// The operating system would not make a thread.
    struct CannotStart: Error, CustomStringConvertible {
        let code: Int32
        var description: String { "the engine thread cannot be made (error \(code))" }
    }

    private let handle = Mutex<pthread_t?>(nil)

    /// Runs `body` on the thread, and waits until it calls the function that it is given, once:
    /// with `nil`, or with the error that this throws.
    func start(
        _ body: @escaping @Sendable (@escaping @Sendable ((any Error)?) -> Void) -> Void
    ) throws {
        let gate = StartGate()
        let context = unsafe Unmanaged.passRetained(
            Body(
                run: body,
                started: { gate.open($0) }
            )
        )
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                body.run(body.started)
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            unsafe context.release()
            throw CannotStart(code: code)
        }
        handle.withLock { $0 = thread }
        if let error = gate.wait() {
            join()
            throw error
        }
    }

    /// Waits for the thread to end; later calls return at once.
    func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }
}

/// Opened once by the started thread, waited for by the starting one.
@safe private final class StartGate: @unchecked Sendable {
    // Safe: `error` is written before the semaphore is posted and read after it was waited for.
    private let semaphore: UnsafeMutablePointer<sem_t>
    private var error: (any Error)?

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func open(_ error: (any Error)?) {
        self.error = error
        unsafe sem_post(semaphore)
    }

    func wait() -> (any Error)? {
        // Interrupted by a signal: wait again.
        while unsafe sem_wait(semaphore) != 0 {}
        return error
    }
}
