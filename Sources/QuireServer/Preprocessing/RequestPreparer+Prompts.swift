import NIOCore
import QuireJSON
import QuireOpenAI
import QuireTemplate
import QuireTokenizer

/// From text and messages to the tokens of a prompt that fits the context.
extension RequestPreparer {
    // MARK: Completions

    func completionPrompt(
        _ source: CompletionRequest.Prompt,
        _ sampling: SamplingFields,
        _ options: RequestOptions
    ) throws(OpenAIError) -> PreparedRequest.Prompt {
        switch source {
        case .text(let text):
            try checkLength(of: text, options, param: "prompt")
            let tokens = try encode(text, addSpecialTokens: options.addSpecialTokens)
            var prompt = try self.prompt(tokens, sampling, options, param: "prompt")
            if options.echo {
                let isWhole = prompt.tokens.count == tokens.count
                prompt.echo = isWhole ? Array(text.utf8) : decode(prompt.tokens, sampling)
            }
            return prompt
        case .tokens(let tokens):
            var prompt = try self.prompt(tokens, sampling, options, param: "prompt")
            if options.echo { prompt.echo = decode(prompt.tokens, sampling) }
            return prompt
        }
    }

    private func decode(_ tokens: [Int32], _ sampling: SamplingFields) -> [UInt8] {
        model.tokenizer?.decode(tokens, skipSpecialTokens: sampling.skipSpecialTokens) ?? []
    }

    // MARK: Tokens

    /// Refuses a text of which even the longest tokens would make more than the context holds:
    /// what cannot fit is not tokenised first.
    func checkLength(
        of text: String,
        _ options: RequestOptions,
        param: String
    ) throws(OpenAIError) {
        guard options.truncatePromptTokens == nil, model.longestTokenBytes > 0 else { return }
        let atLeast = text.utf8.count / model.longestTokenBytes
        guard atLeast > model.maxContext else { return }
        throw .contextLength(maxModelLength: model.maxContext, atLeast: atLeast, param: param)
    }

    /// The text's tokens, all of them known to the model.
    func encode(_ text: String, addSpecialTokens: Bool) throws(OpenAIError) -> [Int32] {
        guard let tokenizer = model.tokenizer else {
            throw .badRequest(
                "This server has no tokenizer (--skip-tokenizer-init): send token ids to "
                    + "/v1/completions.",
                param: "prompt"
            )
        }
        let tokens = tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
        // A tokenizer with more tokens than the model has rows must not reach the embedding.
        if let stray = tokens.first(where: { $0 < 0 || Int($0) >= model.vocabularySize }) {
            throw .badRequest(
                "The prompt holds token \(stray), which the tokenizer has and the model "
                    + "(vocabulary \(model.vocabularySize)) has not."
            )
        }
        return tokens
    }

    /// The tokens, truncated if the request says so, with room for at least one more.
    func prompt(
        _ tokens: [Int32],
        _ sampling: SamplingFields,
        _ options: RequestOptions,
        param: String
    ) throws(OpenAIError) -> PreparedRequest.Prompt {
        var tokens = tokens
        if let wanted = options.truncatePromptTokens {
            let room = max(1, model.maxContext - max(1, sampling.maxTokens ?? 1))
            let kept = wanted == -1 ? room : wanted
            if tokens.count > kept {
                let keepsHead = options.truncationSide == .right
                tokens = keepsHead ? Array(tokens.prefix(kept)) : Array(tokens.suffix(kept))
            }
        }
        guard !tokens.isEmpty else {
            throw .badRequest("\(param) has no tokens.", param: param)
        }
        let (total, overflows) = tokens.count.addingReportingOverflow(sampling.maxTokens ?? 0)
        guard tokens.count < model.maxContext, !overflows, total <= model.maxContext else {
            throw .contextLength(
                maxModelLength: model.maxContext,
                promptTokens: tokens.count,
                maxTokens: sampling.maxTokens,
                param: param
            )
        }
        var prompt = PreparedRequest.Prompt(tokens: tokens)
        if sampling.promptLogprobs != nil {
            let first = tokens[0]
            prompt.first = TokenLogprob(
                id: first,
                text: model.tokenizer?.tokenBytes(first) ?? [],
                logprob: nil,
                top: nil
            )
        }
        return prompt
    }

    /// Each word as it is tokenised at the start of a text and within one, as vLLM does it.
    func tokenized(badWords words: [String]) throws(OpenAIError) -> [[Int32]] {
        guard !words.isEmpty else { return [] }
        var sequences: [[Int32]] = []
        for word in words {
            let bare = String(word.drop { $0 == " " || $0.isNewline || $0 == "\t" })
            let alone = try encode(bare, addSpecialTokens: false)
            if !alone.isEmpty { sequences.append(alone) }
            let within = try encode(" " + bare, addSpecialTokens: false)
            if within.count == alone.count, within.first != alone.first { sequences.append(within) }
        }
        return sequences
    }

    // MARK: Chats

    /// The conversation as the model's template writes it.
    func render(_ chat: ChatFields) throws(OpenAIError) -> String {
        var arguments = chat.chatTemplateArguments
        if let effort = chat.reasoningEffort, arguments["reasoning_effort"] == nil {
            arguments["reasoning_effort"] = .string(effort)
        }
        let template = try template(of: chat)
        let normalizer = MessageNormalizer(contentFormat: template.contentFormat)
        do throws(TemplateError) {
            return try template.render(
                ChatTemplateInput(
                    messages: try normalizer.normalized(chat.messages),
                    tools: chat.tools,
                    documents: chat.documents,
                    addGenerationPrompt: chat.addGenerationPrompt,
                    continueFinalMessage: chat.continueFinalMessage,
                    arguments: arguments,
                    specialTokens: model.specialTokens,
                    now: TemplateTime(secondsSince1970: clock.unixTime())
                )
            )
        } catch {
            throw .badRequest(Self.sentence(error), param: "messages")
        }
    }

    private func template(of chat: ChatFields) throws(OpenAIError) -> ChatTemplate {
        if let source = chat.chatTemplate {
            guard options.trustsRequestTemplates else {
                throw .badRequest(
                    "Chat template is passed with request, but --trust-request-chat-template is "
                        + "not set. Refused request with untrusted chat template.",
                    param: "chat_template"
                )
            }
            do throws(TemplateError) {
                return try ChatTemplate(source)
            } catch {
                throw .badRequest("chat_template: \(error)", param: "chat_template")
            }
        }
        guard let template = model.template else {
            throw .badRequest(
                "This model has no chat template, so there are no chats: start the server with "
                    + "--chat-template FILE, or send the prompt to /v1/completions."
            )
        }
        return template
    }

    private static func sentence(_ error: TemplateError) -> String {
        if case .refused(let message) = error { return message }
        return "The chat template failed on these messages: \(error)"
    }

    /// What `echo` puts before a chat's answer: the last message, if the answer goes on with its
    /// role.
    func echo(_ chat: ChatFields) throws(OpenAIError) -> [UInt8]? {
        guard let last = chat.messages.last else { return nil }
        let role = chat.addGenerationPrompt ? "assistant" : last["role"]?.string
        guard last["role"]?.string == role else { return nil }
        do throws(TemplateError) {
            let texts = MessageNormalizer(contentFormat: .string)
            return try texts.normalized([last])[0]["content"]?.string.map { Array($0.utf8) }
        } catch {
            throw .badRequest(Self.sentence(error), param: "messages")
        }
    }
}
