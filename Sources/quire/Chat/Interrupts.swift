import Glibc
import Synchronization

/// Makes Ctrl-C stop what runs instead of the program.
///
/// SIGINT and SIGTERM are blocked in all threads and taken by one that waits for nothing else.
/// SIGTERM gives the terminal back and ends the program.
enum Interrupts {
    /// What SIGINT stops, set while there is something.
    private static let action = Mutex<(@Sendable () -> Void)?>(nil)

    /// Blocks the signals and starts the thread; call before any other thread is made.
    static func start() {
        SignalWatcher.block()
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread,
            nil,
            { _ in
                while true { Interrupts.take(Interrupts.wait()) }
            },
            nil
        )
        precondition(failure == 0, "the system refuses a thread (error \(failure))")
        pthread_detach(thread)
    }

    /// Lets SIGINT do that, or nothing.
    static func set(_ stop: (@Sendable () -> Void)?) {
        action.withLock { $0 = stop }
    }

    private static func take(_ signal: Int32) {
        guard signal == SIGINT else {
            Terminal.restore()
            _exit(128 + signal)
        }
        let stop = action.withLock { $0 }
        stop?()
    }

    private static func wait() -> Int32 {
        var signals = sigset_t()
        var number: Int32 = 0
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGTERM)
        while unsafe sigwait(&signals, &number) != 0 {}
        return number
    }
}
