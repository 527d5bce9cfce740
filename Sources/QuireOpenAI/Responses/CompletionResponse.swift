package import NIOCore

/// The whole answer to a completion, with vLLM's members in vLLM's order.
package struct CompletionResponse: Sendable {
    package struct Choice: Sendable {
        package var index: Int
        /// UTF-8.
        package var text: [UInt8]
        package var finish: Finish
        package var logprobs: [TokenLogprob]?
        package var tokenIDs: [Int32]?
        package var promptLogprobs: [[TokenCandidate]?]?
        package var promptTokenIDs: [Int32]?

        package init(
            index: Int,
            text: [UInt8],
            finish: Finish,
            logprobs: [TokenLogprob]? = nil,
            tokenIDs: [Int32]? = nil,
            promptLogprobs: [[TokenCandidate]?]? = nil,
            promptTokenIDs: [Int32]? = nil
        ) {
            self.index = index
            self.text = text
            self.finish = finish
            self.logprobs = logprobs
            self.tokenIDs = tokenIDs
            self.promptLogprobs = promptLogprobs
            self.promptTokenIDs = promptTokenIDs
        }
    }

    package var id: String
    package var created: Int
    package var model: String
    package var choices: [Choice]
    package var usage: Usage
    /// Logprobs name tokens `token_id:123`.
    package var tokensAsTokenIDs = false

    package init(id: String, created: Int, model: String, choices: [Choice], usage: Usage) {
        self.id = id
        self.created = created
        self.model = model
        self.choices = choices
        self.usage = usage
    }

    /// Writes the body.
    package func write(into buffer: inout ByteBuffer) {
        let logprobs = LogprobsWriter(tokensAsTokenIDs: tokensAsTokenIDs)
        buffer.writeStaticString(#"{"id":"#)
        buffer.writeJSONString(id)
        buffer.writeStaticString(#","object":"text_completion","created":"#)
        buffer.writeJSONInteger(created)
        buffer.writeStaticString(#","model":"#)
        buffer.writeJSONString(model)
        buffer.writeStaticString(#","choices":"#)
        buffer.writeJSONList(choices) { buffer, choice in
            choice.write(into: &buffer, logprobs: logprobs)
        }
        buffer.writeStaticString(#","service_tier":null,"system_fingerprint":null,"usage":"#)
        usage.write(into: &buffer, writesNull: true)
        buffer.writeStaticString(#","kv_transfer_params":null}"#)
    }
}

extension CompletionResponse.Choice {
    fileprivate func write(into buffer: inout ByteBuffer, logprobs writer: LogprobsWriter) {
        buffer.writeStaticString(#"{"index":"#)
        buffer.writeJSONInteger(index)
        buffer.writeStaticString(#","text":"#)
        buffer.writeJSONString(text.span)
        buffer.writeStaticString(#","logprobs":"#)
        writer.writeCompletion(logprobs, textOffset: 0, into: &buffer)
        buffer.writeStaticString(",")
        Finish.write(finish, into: &buffer)
        buffer.writeStaticString(#","token_ids":"#)
        buffer.writeJSONIntegers(tokenIDs)
        buffer.writeStaticString(#","prompt_logprobs":"#)
        writer.writePrompt(promptLogprobs, into: &buffer)
        buffer.writeStaticString(#","prompt_token_ids":"#)
        buffer.writeJSONIntegers(promptTokenIDs)
        buffer.writeStaticString("}")
    }
}
