import Glibc

/// The process's share of file descriptors: each connection takes one.
enum FileDescriptors {
    /// Raises the soft limit to the hard one.
    ///
    /// Shells start programs with 1,024, which a thousand streams exhaust. Where the system refuses,
    /// the listener rests while there are none.
    static func raiseLimit() {
        let kind = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        var limit = rlimit()
        guard unsafe getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(kind, &limit)
    }
}
