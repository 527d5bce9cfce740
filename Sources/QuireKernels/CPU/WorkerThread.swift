import CQuireKernels
import Glibc

/// One thread of a ``WorkerPool``.
///
/// It keeps the queue alive, not the pool, so that the pool can go and stop it.
final class WorkerThread {
    /// What a new thread is given.
    private final class Start: Sendable {
        let name: String
        let queue: ItemQueue
        let index: Int

        init(name: String, queue: ItemQueue, index: Int) {
            self.name = name
            self.queue = queue
            self.index = index
        }
    }

    private var thread = pthread_t()

    init(name: String, queue: ItemQueue, index: Int) {
        let start = Start(name: name, queue: queue, index: index)
        let opaque = unsafe Unmanaged.passRetained(start).toOpaque()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { opaque in
                guard let opaque = unsafe opaque else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(opaque).takeRetainedValue()
                unsafe quire_name_thread(start.name)
                start.queue.serve(threadIndex: start.index)
                return nil
            },
            opaque
        )
        guard code == 0 else {
            fatalError("no thread for kernels: \(unsafe String(cString: strerror(code)))")
        }
    }

    /// Waits for its end, once the queue was stopped.
    func join() { pthread_join(thread, nil) }
}
