import Glibc
import NIOCore
import Synchronization

/// Turns the first SIGTERM or SIGINT into a future, and the second into an end at once.
///
/// A command that reloads takes SIGHUP too; for the others it ends the process, as a closed
/// terminal should.
///
/// The signals are blocked in all threads and taken by one that waits for nothing else, so no code
/// ever runs inside a handler.
enum SignalWatcher {
    /// Whether there is something to drain; before that a signal ends the process at once.
    static let isServing = Atomic(false)

    /// Blocks the signals; call before any other thread is made, since threads inherit the mask.
    static func block(includingHangup: Bool = false) {
        var signals = set(includingHangup: includingHangup)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A client that has gone must not end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Starts the thread that waits; the promise gets the first signal's number.
    ///
    /// `onHangup` is called on that thread at each SIGHUP, which `block` must have blocked.
    static func start(
        _ first: EventLoopPromise<Int32>,
        onHangup: (@Sendable () -> Void)? = nil
    ) {
        let box = unsafe Unmanaged.passRetained(Box(first, onHangup))
        var thread = pthread_t()
        let failure = unsafe pthread_create(&thread, nil, main, box.toOpaque())
        precondition(failure == 0, "the system refuses a thread (error \(failure))")
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let first: EventLoopPromise<Int32>
        let onHangup: (@Sendable () -> Void)?

        init(_ first: EventLoopPromise<Int32>, _ onHangup: (@Sendable () -> Void)?) {
            self.first = first
            self.onHangup = onHangup
        }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        {
            argument in
            guard let argument = unsafe argument else { return nil }
            let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            let first = wait(box.onHangup)
            guard isServing.load(ordering: .relaxed) else {
                Log.line("stopped while it was starting")
                _exit(128 + first)
            }
            box.first.succeed(first)
            let second = wait(box.onHangup)
            _exit(128 + second)
        }

    /// The next signal that ends the process.
    private static func wait(_ onHangup: (@Sendable () -> Void)?) -> Int32 {
        var signals = set(includingHangup: onHangup != nil)
        while true {
            var number: Int32 = 0
            while unsafe sigwait(&signals, &number) != 0 {}
            guard number == SIGHUP else { return number }
            onHangup?()
        }
    }

    private static func set(includingHangup: Bool) -> sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        if includingHangup { unsafe sigaddset(&signals, SIGHUP) }
        return signals
    }
}
