import Glibc
import QuireClient
import Synchronization

/// Prints an answer as it comes, and keeps its text.
///
/// Called on an event loop; the main thread asks for the text when the answer has ended.
final class AnswerPrinter: Sendable {
    private struct State {
        var text = ""
        var isInReasoning = false
    }

    private let state = Mutex(State())
    /// Reasoning is set apart by colour; a pipe gets the answer alone.
    private let showsReasoning: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    init(showsReasoning: Bool) { self.showsReasoning = showsReasoning }

    @Sendable func print(_ delta: StreamedAnswer.Delta) {
        let output = state.withLock { state in
            var output = ""
            if showsReasoning, !delta.reasoning.isEmpty {
                if !state.isInReasoning { output += "\u{1B}[2m" }
                state.isInReasoning = true
                output += shown(delta.reasoning)
            }
            if !delta.content.isEmpty {
                if state.isInReasoning { output += "\u{1B}[0m\n\n" }
                state.isInReasoning = false
                state.text += delta.content
                output += shown(delta.content)
            }
            return output
        }
        Terminal.write(output)
    }

    /// A terminal would obey control characters, and a model may write any: they are left out.
    private func shown(_ text: String) -> String {
        guard isTerminal else { return text }
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            if !isControl || scalar == "\n" || scalar == "\t" { kept.append(scalar) }
        }
        return String(kept)
    }

    /// The answer's text; ends what was set apart.
    func finish() -> String {
        let (text, isInReasoning) = state.withLock { ($0.text, $0.isInReasoning) }
        if isInReasoning { Terminal.write("\u{1B}[0m") }
        return text
    }
}
