import QuireJSON

/// The shared fields as they were read, before the checks that need the whole body.
///
/// Kept apart from the validated types so that a repeated key simply overwrites, and so that
/// checks across fields run once, at the end. Every range check lives in
/// `CommonFieldScan+Validation.swift`.
struct CommonFieldScan {
    /// The two endpoints differ in a few fields' meaning.
    enum Endpoint { case chat, completion }

    let endpoint: Endpoint
    let limits: RequestLimits

    var model: String?
    var n: Int?
    var temperature: Double?
    var topP: Double?
    var topK: Int?
    var minP: Double?
    var repetitionPenalty: Double?
    var presencePenalty: Double?
    var frequencyPenalty: Double?
    var seed: Int?
    var logitBias: [Int32: Float]?
    var stop: [String]?
    var stopTokenIDs: [Int32]?
    var includeStopStringInOutput: Bool?
    var ignoreEOS: Bool?
    var minTokens: Int?
    var maxTokens: Int?
    var maxCompletionTokens: Int?
    var badWords: [String]?
    var allowedTokenIDs: [Int32]?
    var wantsLogprobs: Bool?
    var logprobCount: Int?
    var topLogprobs: Int?
    var promptLogprobs: Int?
    var skipSpecialTokens: Bool?
    var spacesBetweenSpecialTokens: Bool?
    var bestOf: Int?
    var useBeamSearch: Bool?
    var responseFormat: JSON?
    var stream: Bool?
    var streamOptions: StreamOptions?
    var echo: Bool?
    var returnTokenIDs: Bool?
    var returnTokensAsTokenIDs: Bool?
    var priority: Int?
    var requestID: String?
    var cacheSalt: String?
    var truncatePromptTokens: Int?
    var truncationSide: String?
    var addSpecialTokens: Bool?
    var user: String?

    struct StreamOptions {
        var isEmpty = true
        var includeUsage = false
        var continuousUsageStats = false
    }

    init(_ endpoint: Endpoint, limits: RequestLimits) {
        self.endpoint = endpoint
        self.limits = limits
    }

    /// Reads the field if it is one of these; otherwise reads nothing and returns `false`.
    mutating func take(
        _ field: String,
        from scanner: inout RequestScanner
    ) throws(OpenAIError) -> Bool {
        switch field {
        case "model": model = try scanner.string(field)
        case "n": n = try scanner.integer(field)
        case "temperature": temperature = try scanner.number(field)
        case "top_p": topP = try scanner.number(field)
        case "top_k": topK = try scanner.integer(field)
        case "min_p": minP = try scanner.number(field)
        case "repetition_penalty": repetitionPenalty = try scanner.number(field)
        case "presence_penalty": presencePenalty = try scanner.number(field)
        case "frequency_penalty": frequencyPenalty = try scanner.number(field)
        case "seed": seed = try scanner.integer(field)
        case "logit_bias": logitBias = try readLogitBias(from: &scanner)
        case "stop": stop = try readStop(from: &scanner)
        case "stop_token_ids":
            stopTokenIDs = try readTokenIDs(field, limits.maxStopTokenIDs, from: &scanner)
        case "include_stop_str_in_output": includeStopStringInOutput = try scanner.bool(field)
        case "ignore_eos": ignoreEOS = try scanner.bool(field)
        case "min_tokens": minTokens = try scanner.integer(field)
        case "max_tokens": maxTokens = try scanner.integer(field)
        case "max_completion_tokens": maxCompletionTokens = try scanner.integer(field)
        case "bad_words": badWords = try readBadWords(from: &scanner)
        case "allowed_token_ids":
            allowedTokenIDs = try readTokenIDs(field, limits.maxAllowedTokenIDs, from: &scanner)
        case "logprobs": try readLogprobs(from: &scanner)
        case "prompt_logprobs": promptLogprobs = try scanner.integer(field)
        case "skip_special_tokens": skipSpecialTokens = try scanner.bool(field)
        case "spaces_between_special_tokens":
            spacesBetweenSpecialTokens = try scanner.bool(field)
        case "best_of": bestOf = try scanner.integer(field)
        case "use_beam_search": useBeamSearch = try scanner.bool(field)
        case "response_format": responseFormat = try scanner.tree(field)
        case "stream": stream = try scanner.bool(field)
        case "stream_options": streamOptions = try readStreamOptions(from: &scanner)
        case "echo": echo = try scanner.bool(field)
        case "return_token_ids": returnTokenIDs = try scanner.bool(field)
        case "return_tokens_as_token_ids": returnTokensAsTokenIDs = try scanner.bool(field)
        case "priority": priority = try scanner.integer(field)
        case "request_id": requestID = try scanner.string(field)
        case "cache_salt": cacheSalt = try scanner.string(field)
        case "truncate_prompt_tokens": truncatePromptTokens = try scanner.integer(field)
        case "truncation_side": truncationSide = try scanner.string(field)
        case "add_special_tokens": addSpecialTokens = try scanner.bool(field)
        case "user": user = try scanner.string(field)
        default: return false
        }
        return true
    }

    // MARK: Fields with a shape of their own

    private mutating func readLogprobs(from scanner: inout RequestScanner) throws(OpenAIError) {
        switch endpoint {
        case .completion: logprobCount = try scanner.integer("logprobs")
        case .chat:
            guard try scanner.kind() != .number else {
                throw .badRequest(
                    "logprobs must be true or false in a chat request; top_logprobs says how many.",
                    param: "logprobs"
                )
            }
            wantsLogprobs = try scanner.bool("logprobs")
        }
    }

    private func readStop(from scanner: inout RequestScanner) throws(OpenAIError) -> [String]? {
        try scanner.strings(
            "stop",
            allowsSingle: true,
            maxCount: limits.maxStopStrings,
            maxBytes: limits.maxStopStringBytes
        )
    }

    private func readBadWords(from scanner: inout RequestScanner) throws(OpenAIError) -> [String]? {
        try scanner.strings(
            "bad_words",
            allowsSingle: false,
            maxCount: limits.maxBadWords,
            maxBytes: limits.maxStopStringBytes
        )
    }

    private func readTokenIDs(
        _ field: String,
        _ maxCount: Int,
        from scanner: inout RequestScanner
    ) throws(OpenAIError) -> [Int32]? {
        try scanner.tokenIDs(field, maxCount: maxCount, vocabularySize: limits.vocabularySize)
    }

    private func readLogitBias(
        from scanner: inout RequestScanner
    ) throws(OpenAIError) -> [Int32: Float]? {
        let found = try scanner.kind()
        if found == .null {
            try scanner.skip()
            return nil
        }
        guard found == .object else {
            throw .badRequest(
                "logit_bias must be an object from token ids to biases.",
                param: "logit_bias"
            )
        }
        var biases: [Int32: Float] = [:]
        try scanner.beginObject()
        while let key = try scanner.nextField() {
            guard let id = Self.tokenID(key), Int(id) < limits.vocabularySize ?? Int.max else {
                let vocabulary = limits.vocabularySize.map { " below \($0), the vocabulary" } ?? ""
                throw .badRequest(
                    "logit_bias: \"\(OpenAIError.excerpt(key))\" is not a token id; its keys must be "
                        + "integers written as strings\(vocabulary).",
                    param: "logit_bias.\(OpenAIError.excerpt(key))"
                )
            }
            let param = "logit_bias.\(key)"
            guard let bias = try scanner.number(param) else {
                throw .badRequest("\(param) must be a number, got null.", param: param)
            }
            biases[id] = Float(min(100, max(-100, bias)))
            guard biases.count <= limits.maxLogitBias else {
                throw .badRequest(
                    "logit_bias may hold at most \(limits.maxLogitBias) entries.",
                    param: "logit_bias"
                )
            }
        }
        return biases
    }

    private static func tokenID(_ key: String) -> Int32? {
        // Digits only: Int32's own parser would also take "+1" and "-0".
        guard !key.isEmpty, key.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int32(key)
    }

    private func readStreamOptions(
        from scanner: inout RequestScanner
    ) throws(OpenAIError) -> StreamOptions? {
        let found = try scanner.kind()
        if found == .null {
            try scanner.skip()
            return nil
        }
        guard found == .object else {
            throw .badRequest("stream_options must be an object.", param: "stream_options")
        }
        var options = StreamOptions()
        try scanner.beginObject()
        while let key = try scanner.nextField() {
            options.isEmpty = false
            switch key {
            case "include_usage":
                options.includeUsage = try scanner.bool("stream_options.include_usage") ?? false
            case "continuous_usage_stats":
                options.continuousUsageStats =
                    try scanner.bool("stream_options.continuous_usage_stats") ?? false
            // include_obfuscation and what may follow: padding, never content.
            default: try scanner.skip()
            }
        }
        return options
    }
}
