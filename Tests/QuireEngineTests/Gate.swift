import Glibc

/// Lets one waiting thread pass for each time it is opened.
@safe final class Gate: @unchecked Sendable {
    // Safe: a semaphore is made for many threads; the pointer never changes.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func open(times: Int = 1) {
        for _ in 0..<times { unsafe sem_post(semaphore) }
    }

    func pass() {
        // Interrupted by a signal: wait again.
        while unsafe sem_wait(semaphore) != 0 {}
    }
}
