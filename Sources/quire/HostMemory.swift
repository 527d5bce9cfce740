import Glibc

/// How much memory this process may use: the machine's, or its cgroup's if that is less.
///
/// A container on a large host sees the host's memory in /proc/meminfo; what it may take is in its
/// cgroup (v2 `memory.max`, v1 `memory.limit_in_bytes`).
enum HostMemory {
    static func totalBytes() -> Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        let machine = max(0, pages) * max(0, pageBytes)
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .compactMap { firstNumber(of: $0) }
        return ([machine] + limits).filter { $0 > 0 }.min() ?? machine
    }

    /// The number a file begins with; `nil` if it is absent or says `max`.
    private static func firstNumber(of path: String) -> Int? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = unsafe fread(&buffer, 1, buffer.count, file)
        let digits = buffer.prefix(count).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
