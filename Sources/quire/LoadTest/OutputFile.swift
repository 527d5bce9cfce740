import Glibc

/// Writes files that a command was asked for.
enum OutputFile {
    /// The path of a file in a folder, which is made if it is missing.
    static func path(folder: String?, name: String) throws -> String {
        guard let folder, !folder.isEmpty else { return name }
        var made = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && !folder.hasPrefix("/") ? String(part) : "/" + part
            guard !part.isEmpty, part != ".", part != ".." else { continue }
            guard unsafe mkdir(made, 0o777) == 0 || errno == EEXIST else {
                throw StartError("cannot make the folder \(made): \(systemError())")
            }
        }
        return folder + (folder.hasSuffix("/") ? "" : "/") + name
    }

    /// Replaces the file's content.
    static func write(_ text: String, to path: String) throws {
        guard let file = unsafe fopen(path, "w") else {
            throw StartError("cannot write \(path): \(systemError())")
        }
        let bytes = Array(text.utf8)
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        // Buffered bytes fail at the close.
        guard unsafe fclose(file) == 0, written == bytes.count else {
            throw StartError("cannot write \(path): \(systemError())")
        }
    }

    /// The system's sentence for what went wrong last.
    static func systemError(_ number: Int32 = errno) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}

/// The civil time here, as result files write it.
enum LocalTime {
    /// `20260131-235959`.
    static func now() -> String {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = unsafe strftime(&buffer, buffer.count, "%Y%m%d-%H%M%S", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
