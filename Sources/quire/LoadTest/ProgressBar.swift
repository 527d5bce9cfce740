import Glibc
import QuireClient

/// One line on a terminal that says how far a load test has come.
enum ProgressBar {
    private static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Draws over the line before; draws nothing where standard error is no terminal.
    @Sendable static func draw(_ progress: LoadGenerator.Progress) {
        guard isTerminal else { return }
        let done = progress.completed + progress.failed
        let filled = progress.total > 0 ? done * 30 / progress.total : 30
        var line = "\r\u{1B}[K["
        line += String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        line += "] \(done)/\(progress.total), \(progress.running) running"
        if progress.failed > 0 { line += ", \(progress.failed) failed" }
        if done == progress.total { line = "\r\u{1B}[K" }
        let bytes = Array(line.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
