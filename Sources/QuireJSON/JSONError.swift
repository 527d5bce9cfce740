/// Why a JSON text was refused, and at which byte.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was expected or found, as the end of a sentence.
    package var message: String
    /// Offset in bytes from the start of the text.
    package var offset: Int

    package init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }

    package var description: String { "invalid JSON at byte \(offset): \(message)" }
}
