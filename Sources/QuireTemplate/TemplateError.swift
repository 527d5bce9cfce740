/// Why a chat template could not be parsed or rendered.
package enum TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The template itself refused the conversation with `raise_exception`: the caller's mistake.
    case refused(String)
    /// The template's text is not valid; `line` counts from 1.
    case syntax(String, line: Int)
    /// Evaluation went wrong as it would in Python (a type error, an undefined value).
    case failed(String, line: Int)
    /// A bound of ``TemplateLimits`` was reached.
    case limit(String, line: Int)

    package var description: String {
        switch self {
        case .refused(let message): message
        case .syntax(let message, let line): "chat template, line \(line): \(message)"
        case .failed(let message, let line):
            line > 0 ? "chat template failed at line \(line): \(message)" : message
        case .limit(let message, let line):
            line > 0 ? "chat template stopped at line \(line): \(message)" : message
        }
    }
}
