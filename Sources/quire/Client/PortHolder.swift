import Glibc

/// Says which process of this machine listens on a port, from what /proc shows.
enum PortHolder {
    /// `nginx (process 4711)`; nil if it cannot be told, as of another user's process.
    static func describe(port: Int) -> String? {
        let inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
            listeningInodes(port: port, table: content(path))
        }
        guard !inodes.isEmpty else { return nil }
        let links = Set(inodes.map { "socket:[\($0)]" })
        for process in names(in: "/proc") {
            guard Int(process) != nil else { continue }
            let folder = "/proc/\(process)/fd"
            guard
                names(in: folder).contains(where: {
                    links.contains(SymbolicLink.target(of: "\(folder)/\($0)"))
                })
            else { continue }
            let name = content("/proc/\(process)/comm").prefix { $0 != "\n" }
            return "\(name) (process \(process))"
        }
        return nil
    }

    /// The sockets in state LISTEN (0A) on that port; columns as in proc(5).
    private static func listeningInodes(port: Int, table: String) -> [Substring] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9, columns[3] == "0A",
                let local = columns[1].split(separator: ":").last, Int(local, radix: 16) == port
            else { return nil }
            return columns[9]
        }
    }

    private static func content(_ path: String) -> String {
        guard let file = unsafe fopen(path, "r") else { return "" }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < 64 << 20 {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
