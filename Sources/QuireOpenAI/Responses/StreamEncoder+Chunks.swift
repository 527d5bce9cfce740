package import NIOCore

/// What a chunk carries besides its text.
package struct ChunkDetails: Sendable, Hashable {
    /// The log probabilities of the chunk's tokens, if the client asked for them.
    package var logprobs: [TokenLogprob]?
    /// Where the chunk's text begins in the choice's text, in Unicode scalars (completions).
    package var textOffset = 0
    /// The chunk's token ids, if the client asked for them.
    package var tokenIDs: [Int32]?
    /// The prompt's token ids: in a completion choice's first chunk, if the client asked.
    package var promptTokenIDs: [Int32]?
    /// Set in the last chunk of a choice.
    package var finish: Finish?
    /// The usage so far, with `continuous_usage_stats`.
    package var usage: Usage?

    package init() {}
}

/// The chunks that come once per choice or carry more than text.
extension StreamEncoder {
    /// Writes a chat choice's first chunk: the role and an empty content.
    package func writeRole(
        choice: Int,
        promptTokenIDs: [Int32]? = nil,
        usage: Usage? = nil,
        into buffer: inout ByteBuffer
    ) {
        writeChoiceStart(choice, into: &buffer)
        buffer.writeStaticString(
            #","delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]"#
        )
        writeUsage(member: usage, into: &buffer)
        buffer.writeStaticString(#","prompt_token_ids":"#)
        buffer.writeJSONIntegers(promptTokenIDs)
        writeEnd(into: &buffer)
    }

    /// Writes a chunk of text with whatever else belongs to it.
    package func writeChunk(
        choice: Int,
        text: Span<UInt8>,
        _ details: ChunkDetails,
        into buffer: inout ByteBuffer
    ) {
        writeChoiceStart(choice, into: &buffer)
        switch kind {
        case .chat:
            buffer.writeStaticString(#","delta":{"content":"#)
            buffer.writeJSONString(text)
            buffer.writeStaticString(#"},"logprobs":"#)
            logprobs.writeChat(details.logprobs, into: &buffer)
            buffer.writeStaticString(",")
            if details.finish == nil {
                buffer.writeStaticString(#""finish_reason":null"#)
            } else {
                Finish.write(details.finish, into: &buffer)
            }
        case .completion:
            buffer.writeStaticString(#","text":"#)
            buffer.writeJSONString(text)
            buffer.writeStaticString(#","logprobs":"#)
            logprobs.writeCompletion(
                details.logprobs,
                textOffset: details.textOffset,
                into: &buffer
            )
            buffer.writeStaticString(",")
            Finish.write(details.finish, into: &buffer)
            buffer.writeStaticString(#","prompt_token_ids":"#)
            buffer.writeJSONIntegers(details.promptTokenIDs)
        }
        buffer.writeStaticString(#","token_ids":"#)
        buffer.writeJSONIntegers(details.tokenIDs)
        buffer.writeStaticString("}]")
        writeUsage(member: details.usage, into: &buffer)
        writeEnd(into: &buffer)
    }

    /// Writes the chunk without choices that holds the whole usage (`include_usage`).
    package func writeUsage(_ usage: Usage, into buffer: inout ByteBuffer) {
        writeChunkStart(into: &buffer)
        buffer.writeStaticString("]")
        writeUsage(member: usage, into: &buffer)
        writeEnd(into: &buffer)
    }

    private func writeUsage(member usage: Usage?, into buffer: inout ByteBuffer) {
        guard let usage else { return }
        buffer.writeStaticString(#","usage":"#)
        usage.write(into: &buffer, writesNull: false)
    }

    private func writeEnd(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("}\n\n")
    }
}
