/// Why a model folder cannot be used: where, and what is wrong, in one line.
package struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file or folder at fault.
    package var path: String
    /// What is wrong with it and, where it helps, what was expected.
    package var message: String

    package init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
