package import NIOCore

/// The whole answer to a chat completion, with vLLM's members in vLLM's order.
package struct ChatCompletionResponse: Sendable {
    package struct Choice: Sendable {
        package var index: Int
        /// UTF-8; `nil` is written as null.
        package var content: [UInt8]?
        package var finish: Finish
        package var logprobs: [TokenLogprob]?
        package var tokenIDs: [Int32]?

        package init(
            index: Int,
            content: [UInt8]?,
            finish: Finish,
            logprobs: [TokenLogprob]? = nil,
            tokenIDs: [Int32]? = nil
        ) {
            self.index = index
            self.content = content
            self.finish = finish
            self.logprobs = logprobs
            self.tokenIDs = tokenIDs
        }
    }

    package var id: String
    package var created: Int
    package var model: String
    package var choices: [Choice]
    package var usage: Usage
    package var promptLogprobs: [[TokenCandidate]?]?
    package var promptTokenIDs: [Int32]?
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
        buffer.writeStaticString(#","object":"chat.completion","created":"#)
        buffer.writeJSONInteger(created)
        buffer.writeStaticString(#","model":"#)
        buffer.writeJSONString(model)
        buffer.writeStaticString(#","choices":"#)
        buffer.writeJSONList(choices) { buffer, choice in
            choice.write(into: &buffer, logprobs: logprobs)
        }
        buffer.writeStaticString(#","service_tier":null,"system_fingerprint":null,"usage":"#)
        usage.write(into: &buffer, writesNull: true)
        buffer.writeStaticString(#","prompt_logprobs":"#)
        logprobs.writePrompt(promptLogprobs, into: &buffer)
        buffer.writeStaticString(#","prompt_token_ids":"#)
        buffer.writeJSONIntegers(promptTokenIDs)
        buffer.writeStaticString(#","kv_transfer_params":null}"#)
    }
}

extension ChatCompletionResponse.Choice {
    fileprivate func write(into buffer: inout ByteBuffer, logprobs writer: LogprobsWriter) {
        buffer.writeStaticString(#"{"index":"#)
        buffer.writeJSONInteger(index)
        buffer.writeStaticString(#","message":{"role":"assistant","content":"#)
        if let content {
            buffer.writeJSONString(content.span)
        } else {
            buffer.writeStaticString("null")
        }
        buffer.writeStaticString(#","refusal":null,"annotations":null,"audio":null,"#)
        // `reasoning_content` is the older name of `reasoning`; clients of both ages look.
        buffer.writeStaticString(#""function_call":null,"tool_calls":[],"reasoning":null,"#)
        buffer.writeStaticString(#""reasoning_content":null},"logprobs":"#)
        writer.writeChat(logprobs, into: &buffer)
        buffer.writeStaticString(",")
        Finish.write(finish, into: &buffer)
        buffer.writeStaticString(#","token_ids":"#)
        buffer.writeJSONIntegers(tokenIDs)
        buffer.writeStaticString("}")
    }
}
