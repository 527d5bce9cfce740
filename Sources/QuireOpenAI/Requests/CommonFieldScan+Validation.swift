import QuireJSON

/// The checks that turn what was read into the validated types, in vLLM's ranges and order.
extension CommonFieldScan {
    func samplingFields() throws(OpenAIError) -> SamplingFields {
        var fields = SamplingFields()
        try checkUnsupported()
        try validateChoice(into: &fields)
        try validatePenalties(into: &fields)
        try validateEnd(into: &fields)
        try validateLogprobs(into: &fields)
        fields.logitBias = logitBias ?? [:]
        fields.badWords = badWords ?? []
        try require(
            !fields.badWords.contains(""),
            "bad_words",
            "bad_words cannot contain an empty string."
        )
        try require(
            allowedTokenIDs?.isEmpty != true,
            "allowed_token_ids",
            "allowed_token_ids cannot be empty; leave it out to allow all tokens."
        )
        fields.allowedTokenIDs = allowedTokenIDs.map { Set($0).sorted() }
        fields.skipSpecialTokens = skipSpecialTokens ?? true
        // Of tokens that are left out the spaces between make no difference.
        try require(
            fields.skipSpecialTokens || spacesBetweenSpecialTokens ?? true,
            "spaces_between_special_tokens",
            "spaces_between_special_tokens = false is not supported together with "
                + "skip_special_tokens = false; leave it out."
        )
        return fields
    }

    func requestOptions() throws(OpenAIError) -> RequestOptions {
        var options = RequestOptions()
        options.stream = stream ?? false
        try require(
            options.stream || streamOptions?.isEmpty ?? true,
            "stream_options",
            "stream_options can only be given when stream is true."
        )
        options.includeUsage = streamOptions?.includeUsage ?? false
        // vLLM sends running totals only to clients that asked for the total as well.
        options.continuousUsageStats =
            options.includeUsage && streamOptions?.continuousUsageStats ?? false
        options.echo = echo ?? false
        options.returnTokenIDs = returnTokenIDs ?? false
        options.returnTokensAsTokenIDs = returnTokensAsTokenIDs ?? false
        options.priority = priority ?? 0
        options.requestID = try validName(requestID, "request_id")
        options.cacheSalt = try validName(cacheSalt, "cache_salt")
        options.user = user
        options.addSpecialTokens = addSpecialTokens ?? (endpoint == .completion)
        try validateTruncation(into: &options)
        return options
    }

    /// The model's name as given; an empty one counts as absent.
    func modelName() throws(OpenAIError) -> String? {
        guard let model, !model.isEmpty else { return nil }
        try RequestScanner.checkLength(model, "model", limits.maxNameBytes)
        return model
    }

    // MARK: Groups

    private func checkUnsupported() throws(OpenAIError) {
        try require(
            useBeamSearch != true,
            "use_beam_search",
            "use_beam_search is not supported; leave it out to sample."
        )
        if let bestOf {
            try require(
                bestOf == n ?? 1,
                "best_of",
                "best_of is not supported: got \(bestOf) with n = \(n ?? 1). Leave best_of out and "
                    + "set n."
            )
        }
        try checkResponseFormat()
    }

    private func checkResponseFormat() throws(OpenAIError) {
        guard let responseFormat else { return }
        guard let type = responseFormat["type"]?.string else {
            throw .badRequest(
                "response_format must be an object with a type, such as {\"type\": \"text\"}.",
                param: "response_format"
            )
        }
        switch type {
        case "text": return
        case "json_object", "json_schema", "structural_tag", "grammar", "regex":
            throw .badRequest(
                "response_format of type \(type) is not supported yet: constrained output does not "
                    + "exist here so far, and an unconstrained answer would not be what you asked "
                    + "for. Use {\"type\": \"text\"} and describe the format in the prompt.",
                param: "response_format"
            )
        default:
            throw .badRequest(
                "response_format.type must be text, got \(OpenAIError.excerpt(type)).",
                param: "response_format.type"
            )
        }
    }

    private func validateChoice(into fields: inout SamplingFields) throws(OpenAIError) {
        fields.n = n ?? 1
        try require(fields.n >= 1, "n", "n must be at least 1, got \(fields.n).")
        try require(
            fields.n <= limits.maxSequences,
            "n",
            "n must be at most \(limits.maxSequences), got \(fields.n)."
        )
        if let temperature {
            try require(
                temperature >= 0,
                "temperature",
                "temperature must be non-negative, got \(temperature)."
            )
            // Beyond this the engine's 32-bit floats would turn masked logits into NaN.
            try require(
                temperature <= 1000,
                "temperature",
                "temperature must be at most 1000, got \(temperature)."
            )
            try require(
                temperature >= 1e-5 || fields.n == 1,
                "n",
                "n must be 1 when using greedy sampling (temperature 0), got \(fields.n)."
            )
        }
        if let topP {
            try require(topP > 0 && topP <= 1, "top_p", "top_p must be in (0, 1], got \(topP).")
        }
        if let topK {
            try require(
                topK >= -1 && topK <= Int(Int32.max),
                "top_k",
                "top_k must be 0 (disable), or at least 1, got \(topK)."
            )
        }
        if let minP {
            try require(minP >= 0 && minP <= 1, "min_p", "min_p must be in [0, 1], got \(minP).")
        }
        fields.temperature = temperature
        fields.topP = topP
        fields.topK = topK.map { max(0, $0) }
        fields.minP = minP
        fields.seed = seed == -1 ? nil : seed
    }

    private func validatePenalties(into fields: inout SamplingFields) throws(OpenAIError) {
        fields.presencePenalty = presencePenalty ?? 0
        fields.frequencyPenalty = frequencyPenalty ?? 0
        try require(
            abs(fields.presencePenalty) <= 2,
            "presence_penalty",
            "presence_penalty must be in [-2, 2], got \(fields.presencePenalty)."
        )
        try require(
            abs(fields.frequencyPenalty) <= 2,
            "frequency_penalty",
            "frequency_penalty must be in [-2, 2], got \(fields.frequencyPenalty)."
        )
        if let repetitionPenalty {
            try require(
                repetitionPenalty > 0,
                "repetition_penalty",
                "repetition_penalty must be greater than zero, got \(repetitionPenalty)."
            )
            try require(
                repetitionPenalty >= 0.001 && repetitionPenalty <= 1000,
                "repetition_penalty",
                "repetition_penalty must be in [0.001, 1000], got \(repetitionPenalty)."
            )
        }
        fields.repetitionPenalty = repetitionPenalty
    }

    private func validateEnd(into fields: inout SamplingFields) throws(OpenAIError) {
        fields.stop = stop ?? []
        try require(!fields.stop.contains(""), "stop", "stop cannot contain an empty string.")
        let stopBytes = fields.stop.reduce(0) { $0 + $1.utf8.count }
        try require(
            stopBytes <= limits.maxStopBytes,
            "stop",
            "The stop strings may hold at most \(limits.maxStopBytes) bytes together, got "
                + "\(stopBytes)."
        )
        fields.stopTokenIDs = stopTokenIDs ?? []
        fields.includeStopStringInOutput = includeStopStringInOutput ?? false
        fields.ignoreEOS = ignoreEOS ?? false

        let maxParam = maxCompletionTokens != nil ? "max_completion_tokens" : "max_tokens"
        let isEcho = endpoint == .completion && echo == true
        fields.maxTokens = maxCompletionTokens ?? maxTokens ?? (endpoint == .completion ? 16 : nil)
        if let maxTokens = fields.maxTokens {
            try require(
                maxTokens >= (isEcho ? 0 : 1),
                maxParam,
                "\(maxParam) must be at least 1, got \(maxTokens)."
            )
        }
        fields.minTokens = minTokens ?? 0
        try require(
            fields.minTokens >= 0,
            "min_tokens",
            "min_tokens must be greater than or equal to 0, got \(fields.minTokens)."
        )
        if let maxTokens = fields.maxTokens {
            try require(
                fields.minTokens <= maxTokens,
                "min_tokens",
                "min_tokens must be less than or equal to \(maxParam)=\(maxTokens), got "
                    + "\(fields.minTokens)."
            )
        }
    }

    private func validateLogprobs(into fields: inout SamplingFields) throws(OpenAIError) {
        switch endpoint {
        case .completion: fields.logprobs = try validCount(logprobCount, "logprobs", "sample")
        case .chat:
            let count = try validCount(topLogprobs, "top_logprobs", "sample")
            try require(
                wantsLogprobs == true || count ?? 0 == 0,
                "top_logprobs",
                "when using top_logprobs, logprobs must be set to true."
            )
            fields.logprobs = wantsLogprobs == true ? count ?? 0 : nil
        }
        fields.promptLogprobs = try validCount(promptLogprobs, "prompt_logprobs", "prompt")
        try require(
            stream != true || promptLogprobs ?? 0 == 0,
            "prompt_logprobs",
            "prompt_logprobs are not available when stream is true."
        )
        if fields.promptLogprobs == nil, echo == true { fields.promptLogprobs = fields.logprobs }
    }

    private func validateTruncation(into options: inout RequestOptions) throws(OpenAIError) {
        if let count = truncatePromptTokens {
            try require(
                count == -1 || count >= 1,
                "truncate_prompt_tokens",
                "truncate_prompt_tokens must be -1 (as many as fit) or at least 1, got \(count)."
            )
        }
        options.truncatePromptTokens = truncatePromptTokens
        switch truncationSide {
        case nil: options.truncationSide = nil
        case "left": options.truncationSide = .left
        case "right": options.truncationSide = .right
        case .some(let side):
            throw .badRequest(
                "truncation_side must be left or right, got \(OpenAIError.excerpt(side)).",
                param: "truncation_side"
            )
        }
    }

    // MARK: Helpers

    /// A number of logprobs within the server's limit; -1 asks for the whole vocabulary.
    private func validCount(
        _ count: Int?,
        _ param: String,
        _ what: String
    ) throws(OpenAIError) -> Int? {
        guard let count else { return nil }
        try require(count >= -1, param, "\(param) must be a positive value or -1, got \(count).")
        let wanted = count == -1 ? limits.vocabularySize ?? Int.max : count
        try require(
            wanted <= limits.maxLogprobs,
            param,
            "Requested \(what) logprobs of \(count)\(count == -1 ? " (the whole vocabulary)" : ""), "
                + "which is greater than max allowed: \(limits.maxLogprobs)."
        )
        return wanted
    }

    private func validName(_ name: String?, _ param: String) throws(OpenAIError) -> String? {
        guard let name else { return nil }
        try require(!name.isEmpty, param, "\(param) must be a non-empty string if provided.")
        try RequestScanner.checkLength(name, param, limits.maxNameBytes)
        // It is written to logs and headers, where a line break would forge a line.
        try require(
            name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F },
            param,
            "\(param) cannot contain control characters."
        )
        return name
    }

    private func require(
        _ condition: Bool,
        _ param: String,
        _ message: @autoclosure () -> String
    ) throws(OpenAIError) {
        guard condition else { throw .badRequest(message(), param: param) }
    }
}
