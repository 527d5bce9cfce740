import NIOCore

/// The tokens that a request read and wrote.
package struct Usage: Sendable, Hashable {
    package var promptTokens: Int
    package var completionTokens: Int
    /// Prompt tokens found in the prefix cache; `nil` leaves the details out.
    package var cachedTokens: Int?

    package init(promptTokens: Int, completionTokens: Int, cachedTokens: Int? = nil) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cachedTokens = cachedTokens
    }

    package var totalTokens: Int { promptTokens + completionTokens }

    /// Writes the object; a whole answer says `null` for absent details, a chunk leaves them out.
    func write(into buffer: inout ByteBuffer, writesNull: Bool) {
        buffer.writeStaticString(#"{"prompt_tokens":"#)
        buffer.writeJSONInteger(promptTokens)
        buffer.writeStaticString(#","total_tokens":"#)
        buffer.writeJSONInteger(totalTokens)
        buffer.writeStaticString(#","completion_tokens":"#)
        buffer.writeJSONInteger(completionTokens)
        if let cachedTokens {
            buffer.writeStaticString(#","prompt_tokens_details":{"cached_tokens":"#)
            buffer.writeJSONInteger(cachedTokens)
            buffer.writeStaticString("}")
        } else if writesNull {
            buffer.writeStaticString(#","prompt_tokens_details":null"#)
        }
        buffer.writeStaticString("}")
    }
}
