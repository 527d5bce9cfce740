package import NIOCore

/// The answer of `/tokenize`.
package struct TokenizeResponse: Sendable, Hashable {
    package var maxModelLength: Int
    package var tokens: [Int32]
    /// Each token's bytes, if the client asked for them.
    package var tokenStrings: [[UInt8]]?

    package init(maxModelLength: Int, tokens: [Int32], tokenStrings: [[UInt8]]? = nil) {
        self.maxModelLength = maxModelLength
        self.tokens = tokens
        self.tokenStrings = tokenStrings
    }

    /// Writes the body.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"count":"#)
        buffer.writeJSONInteger(tokens.count)
        buffer.writeStaticString(#","max_model_len":"#)
        buffer.writeJSONInteger(maxModelLength)
        buffer.writeStaticString(#","tokens":"#)
        buffer.writeJSONIntegers(tokens)
        buffer.writeStaticString(#","token_strs":"#)
        if let tokenStrings {
            buffer.writeJSONList(tokenStrings) { buffer, text in
                buffer.writeJSONString(repairing: text)
            }
        } else {
            buffer.writeStaticString("null")
        }
        buffer.writeStaticString("}")
    }
}

/// The answer of `/detokenize`.
package struct DetokenizeResponse: Sendable, Hashable {
    /// The text's bytes; what is not valid UTF-8 is written as U+FFFD.
    package var prompt: [UInt8]

    package init(prompt: [UInt8]) {
        self.prompt = prompt
    }

    /// Writes the body.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"prompt":"#)
        buffer.writeJSONString(repairing: prompt)
        buffer.writeStaticString("}")
    }
}

/// The answer of `/version`.
package struct VersionResponse: Sendable, Hashable {
    package var version: String

    package init(version: String) {
        self.version = version
    }

    /// Writes the body.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"version":"#)
        buffer.writeJSONString(version)
        buffer.writeStaticString("}")
    }
}

extension OpenAIError {
    /// Writes the body: `{"error":{"message":…,"type":…,"param":…,"code":…}}`.
    package func writeBody(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"error":{"message":"#)
        buffer.writeJSONString(message)
        buffer.writeStaticString(#","type":"#)
        buffer.writeJSONString(type)
        buffer.writeStaticString(#","param":"#)
        buffer.writeJSONString(param)
        buffer.writeStaticString(#","code":"#)
        buffer.writeJSONInteger(status)
        buffer.writeStaticString("}}")
    }
}
