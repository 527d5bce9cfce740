import Glibc

/// How much memory this process may use: the machine's, or its cgroup's if that is less.
///
/// A container on a large host sees the host's memory in /proc/meminfo; what it may take is in its
/// cgroup (v2 `memory.max`, v1 `memory.limit_in_bytes`). With a cgroup namespace that is the root of
/// /sys/fs/cgroup; without one the process's own cgroup lies further down, and every cgroup from
/// there up to the root limits it.
enum HostMemory {
    static func totalBytes() -> Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        let machine = max(0, pages) * max(0, pageBytes)
        let own = content(of: "/proc/self/cgroup", atMost: 65536)
        let limits = limitFiles(ownCgroups: String(decoding: own, as: UTF8.self))
            .compactMap { firstNumber(of: $0) }
        return ([machine] + limits).filter { $0 > 0 }.min() ?? machine
    }

    /// The files that may hold a limit, given what /proc/self/cgroup says: for v2 a line `0::/path`.
    static func limitFiles(ownCgroups: String) -> [String] {
        let root = "/sys/fs/cgroup"
        var files = [root + "/memory.max", root + "/memory/memory.limit_in_bytes"]
        guard let line = ownCgroups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })
        else { return files }
        var folder = root
        for name in line.dropFirst(4).split(separator: "/") {
            // A process outside its namespace's root is shown as /../…; nothing is there to read.
            guard name != ".." else { return files }
            folder += "/" + name
            files.append(folder + "/memory.max")
        }
        return files
    }

    /// The number a file begins with; `nil` if it is absent or says `max`.
    private static func firstNumber(of path: String) -> Int? {
        let digits = content(of: path, atMost: 32).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    /// The beginning of a file; empty if it cannot be read.
    private static func content(of path: String, atMost byteCount: Int) -> ArraySlice<UInt8> {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: byteCount)
        let count = unsafe fread(&buffer, 1, buffer.count, file)
        return buffer.prefix(count)
    }
}
