import NIOCore
import QuireEngine
import QuireJSON
import QuireOpenAI
import QuireTemplate
import QuireTokenizer

/// Turns a request's body into something that nothing can be wrong with any more.
///
/// Body scan → validated request → template → tokens → limits → `PreparedRequest`, or the error
/// that the client gets. Pure but for seeds and ids; runs on preprocess threads.
struct RequestPreparer: Sendable {
    let model: ServedModel
    let options: ServerOptions
    let limits: RequestLimits
    let clock: ServerClock
    let random: RandomSource
    let unknownFields: UnknownFieldLog

    init(_ model: ServedModel, options: ServerOptions, clock: ServerClock) {
        self.model = model
        self.options = options
        var limits = options.limits
        limits.vocabularySize = model.vocabularySize
        self.limits = limits
        self.clock = clock
        random = RandomSource(seed: options.seed)
        unknownFields = UnknownFieldLog(options.log)
    }

    /// A chat completion's body.
    func chat(_ body: ByteBuffer, idHeader: String?) throws(OpenAIError) -> PreparedRequest {
        let request = try ChatCompletionRequest(parsing: body, limits: limits)
        unknownFields.note(request.unknownFields)
        let name = try modelName(request.model)
        // What is cheap to refuse is refused before the text is worked on.
        try checkChoices(of: 1, request.sampling)
        let text = try render(request.chat)
        try checkLength(of: text, request.options, param: "messages")
        let tokens = try encode(text, addSpecialTokens: request.options.addSpecialTokens)
        var prompt = try self.prompt(tokens, request.sampling, request.options, param: "messages")
        if request.options.echo { prompt.echo = try echo(request.chat) }
        return try assemble(
            .chat,
            id: id(.chatCompletion, idHeader, request.options),
            model: name,
            prompts: [prompt],
            sampling: request.sampling,
            options: request.options
        )
    }

    /// A completion's body.
    func completion(_ body: ByteBuffer, idHeader: String?) throws(OpenAIError) -> PreparedRequest {
        let request = try CompletionRequest(parsing: body, limits: limits)
        unknownFields.note(request.unknownFields)
        let name = try modelName(request.model)
        try checkChoices(of: request.prompts.count, request.sampling)
        var prompts: [PreparedRequest.Prompt] = []
        for prompt in request.prompts {
            prompts.append(try completionPrompt(prompt, request.sampling, request.options))
        }
        return try assemble(
            .completion,
            id: id(.completion, idHeader, request.options),
            model: name,
            prompts: prompts,
            sampling: request.sampling,
            options: request.options
        )
    }

    /// The name to answer with, if it is one of this server's.
    func modelName(_ name: String?) throws(OpenAIError) -> String {
        guard let name else { return model.names[0] }
        if model.names.contains(name) { return name }
        guard model.aliases.contains(name) else { throw .modelNotFound(name) }
        return model.names[0]
    }

    private func id(
        _ kind: ResponseID.Kind,
        _ header: String?,
        _ options: RequestOptions
    ) -> String {
        ResponseID.make(
            kind,
            header: header,
            requestID: options.requestID,
            random: random.nextID()
        )
    }

    /// Refuses what is wrong with the choices whatever the prompts turn out to be.
    private func checkChoices(
        of promptCount: Int,
        _ sampling: SamplingFields
    ) throws(OpenAIError) {
        let (count, overflows) = promptCount.multipliedReportingOverflow(by: sampling.n)
        guard !overflows, count <= options.maxChoices else {
            throw .badRequest(
                "\(promptCount) prompts with n = \(sampling.n) make more than the "
                    + "\(options.maxChoices) choices that one request may have.",
                param: "n"
            )
        }
        if model.tokenizer == nil, !sampling.stop.isEmpty {
            throw .badRequest(
                "stop needs text, and this server has no tokenizer (--skip-tokenizer-init); "
                    + "use stop_token_ids.",
                param: "stop"
            )
        }
    }

    private func assemble(
        _ kind: StreamEncoder.Kind,
        id: String,
        model name: String,
        prompts: [PreparedRequest.Prompt],
        sampling: SamplingFields,
        options: RequestOptions
    ) throws(OpenAIError) -> PreparedRequest {
        PreparedRequest(
            kind: kind,
            id: id,
            created: clock.unixTime(),
            model: name,
            prompts: prompts,
            choices: try choices(kind, prompts, sampling, options),
            options: options,
            stops: sampling.stop.isEmpty
                ? nil : StopAutomata(sampling.stop.map { Array($0.utf8) }),
            keepsStopString: sampling.includeStopStringInOutput,
            skipsSpecialTokens: sampling.skipSpecialTokens,
            wantsLogprobs: sampling.logprobs != nil,
            wantsPromptLogprobs: sampling.promptLogprobs != nil,
            discardsOutput: kind == .completion && options.echo && sampling.maxTokens == 0
        )
    }

    /// One choice per prompt and repetition; the choices of a prompt draw from seeds in a row, as
    /// vLLM's do.
    private func choices(
        _ kind: StreamEncoder.Kind,
        _ prompts: [PreparedRequest.Prompt],
        _ sampling: SamplingFields,
        _ options: RequestOptions
    ) throws(OpenAIError) -> [PreparedRequest.Choice] {
        let badWords = try tokenized(badWords: sampling.badWords)
        // Made once: its lists are long, and shared by all choices.
        let common = SamplingParameters.Fields(
            sampling,
            defaults: model.defaults,
            badWords: badWords
        )
        try checkTokensAreLeft(common)
        var choices: [PreparedRequest.Choice] = []
        choices.reserveCapacity(prompts.count * sampling.n)
        for (index, prompt) in prompts.enumerated() {
            let room = model.maxContext - prompt.tokens.count
            let wanted = sampling.maxTokens ?? model.defaults.maxTokens ?? room
            let seed = sampling.seed.map { UInt64(bitPattern: Int64($0)) } ?? random.nextSeed()
            for repetition in 0..<sampling.n {
                var fields = common
                fields.maxTokens = max(1, min(wanted, room))
                fields.seed = seed &+ UInt64(repetition)
                // Computed once per prompt for a whole answer; of streams only those of
                // completions show them, and each choice's begins with them.
                let showsThem =
                    options.stream ? kind == .completion && options.echo : repetition == 0
                if !showsThem { fields.promptLogprobs = nil }
                choices.append(
                    PreparedRequest.Choice(prompt: index, sampling: SamplingParameters(fields))
                )
            }
        }
        return choices
    }

    /// Refuses a request whose lists exclude every token at some place of the answer from the start.
    ///
    /// Words of several tokens may still do so later, which the engine tells.
    private func checkTokensAreLeft(
        _ fields: SamplingParameters.Fields
    ) throws(OpenAIError) {
        var excluded = Set(fields.badWords.compactMap { $0.count == 1 ? $0[0] : nil })
        if fields.minTokens > 0 {
            excluded.formUnion(fields.stopTokens)
            excluded.formUnion(fields.endTokens)
        }
        let isLeft =
            fields.allowedTokens.map { !$0.allSatisfy(excluded.contains) }
            ?? (excluded.count { $0 >= 0 && Int($0) < model.vocabularySize } < model.vocabularySize)
        guard !isLeft else { return }
        throw .badRequest(
            "No token is left to choose: allowed_token_ids, bad_words and, until min_tokens is "
                + "reached, the stop and end tokens exclude all of them.",
            param: fields.allowedTokens == nil ? "bad_words" : "allowed_token_ids"
        )
    }
}
