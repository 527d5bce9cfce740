import Glibc

/// Why a command cannot go on: one line that says what to do.
struct StartError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Lines for the operator, on standard error.
enum Log {
    static func line(_ text: String) { plain("quire: " + text) }

    /// A line without the program's name, to be pasted.
    static func plain(_ text: String) {
        // One write per line, so that lines of several threads do not mix.
        let bytes = Array((text + "\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
