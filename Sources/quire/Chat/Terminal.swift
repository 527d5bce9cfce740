import Glibc
import QuireClient
import Synchronization

/// The terminal that a chat is on: lines in, edited where it can be, and text out.
///
/// Used by the main thread; `restore` may be called from any, on the way out.
final class Terminal {
    private var editor = LineEditor()
    /// Bytes that came with a line and belong to the next.
    private var pending: [UInt8] = []
    /// Raw mode needs both ends on a terminal, and one that knows how to move a cursor.
    private let edits: Bool
    private static let saved = Mutex<termios?>(nil)

    init() {
        let kind = unsafe getenv("TERM").map { unsafe String(cString: $0) } ?? "dumb"
        edits = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && kind != "dumb"
    }

    /// What reading a line came to.
    enum Input {
        case line(String)
        /// Ctrl-C.
        case interrupted
        /// Ctrl-D, or the end of the input.
        case end
    }

    /// Reads a line after showing the prompt.
    func read(prompt: String) -> Input {
        guard edits, Self.enterRawMode() else {
            Terminal.write(prompt)
            guard let line = readLine() else { return .end }
            return .line(line)
        }
        defer { Self.restore() }
        editor.begin()
        var rowsAbove = 0
        draw(prompt, &rowsAbove)
        while true {
            if pending.isEmpty {
                pending = Self.readBytes()
                if pending.isEmpty { return .end }
            }
            let outcome = editor.take(pending.removeFirst())
            switch outcome {
            case .editing: break
            case .clearScreen:
                rowsAbove = 0
                Terminal.write("\u{1B}[H\u{1B}[2J")
            case .line(let line):
                draw(prompt, &rowsAbove)
                leaveLine(prompt, rowsAbove)
                editor.remember(line)
                return .line(line)
            case .interrupted:
                leaveLine(prompt, rowsAbove)
                return .interrupted
            case .end:
                Terminal.write("\r\n")
                return .end
            }
            // What was pasted is drawn once.
            if pending.isEmpty { draw(prompt, &rowsAbove) }
        }
    }

    private func draw(_ prompt: String, _ rowsAbove: inout Int) {
        let drawing = editor.drawing(
            prompt: prompt,
            columns: Self.columnCount(),
            rowsAbove: &rowsAbove
        )
        Terminal.write(drawing)
    }

    /// Puts the cursor below the line.
    private func leaveLine(_ prompt: String, _ rowsAbove: Int) {
        var end = editor
        _ = end.take(0x05)
        var rows = rowsAbove
        let drawing = end.drawing(
            prompt: prompt,
            columns: Self.columnCount(),
            rowsAbove: &rows
        )
        Terminal.write(drawing + "\r\n")
    }

    // MARK: - The system

    /// Writes text to standard output at once.
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            // Nobody reads any more.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func readBytes() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            return Array(bytes.prefix(max(0, count)))
        }
    }

    private static func columnCount() -> Int {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else {
            return 80
        }
        return Int(size.ws_col)
    }

    /// No echo, no lines, no signals from keys; output stays as it is.
    private static func enterRawMode() -> Bool {
        var mode = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &mode) == 0 else { return false }
        saved.withLock { $0 = mode }
        mode.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
        mode.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
        guard unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &mode) == 0 else { return false }
        // What is pasted comes between marks.
        write("\u{1B}[?2004h")
        return true
    }

    /// Gives the terminal back as it was.
    static func restore() {
        saved.withLock { mode in
            guard var last = mode else { return }
            mode = nil
            write("\u{1B}[?2004l")
            unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &last)
        }
    }
}
