/// What happens to each request field: the one table that the parsers and the documents share.
///
/// A field is honoured, accepted because serving it and not serving it are the same, or refused
/// with the sentence that says what to do. A name in none of these lists is unknown: accepted,
/// and its name kept for the log.
package struct RequestField: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        /// Carried in the validated request.
        case honoured
        /// Accepted without effect; the text says why that is right.
        case harmless(String)
        /// A 400 with this text unless the value is null or one that asks for nothing.
        case refused(String)
    }

    package let name: String
    package let state: State
}

extension RequestField {
    /// The fields of a chat completion request.
    package static let chat: [RequestField] =
        honoured(
            common + [
                "messages", "top_logprobs", "tools", "tool_choice", "reasoning_effort",
                "documents", "chat_template", "chat_template_kwargs", "add_generation_prompt",
                "continue_final_message",
            ]
        ) + harmlessFields + refusedFields

    /// The fields of a completion request.
    package static let completion: [RequestField] =
        honoured(common + ["prompt"]) + harmlessFields + refusedFields

    private static func honoured(_ names: [String]) -> [RequestField] {
        names.map { RequestField(name: $0, state: .honoured) }
    }

    private static let common = [
        "model", "n", "temperature", "top_p", "top_k", "min_p", "repetition_penalty",
        "presence_penalty", "frequency_penalty", "seed", "logit_bias", "stop", "stop_token_ids",
        "ignore_eos", "min_tokens", "max_tokens", "max_completion_tokens", "bad_words",
        "allowed_token_ids", "logprobs", "prompt_logprobs", "echo", "include_stop_str_in_output",
        "skip_special_tokens", "spaces_between_special_tokens", "return_token_ids",
        "return_tokens_as_token_ids", "priority", "request_id", "cache_salt",
        "truncate_prompt_tokens", "truncation_side", "add_special_tokens", "user", "stream",
        "stream_options", "best_of", "use_beam_search", "response_format",
    ]

    private static let harmlessFields: [RequestField] = {
        let storage = "kept by OpenAI's own platform; nothing is stored here"
        let beam = "only read by beam search"
        let backend = "constrains nothing by itself"
        let names = [
            ("metadata", storage), ("store", storage), ("safety_identifier", storage),
            ("service_tier", "there is one tier"),
            ("prompt_cache_key", "the prefix cache needs no key; use cache_salt to separate"),
            ("prompt_cache_retention", "the prefix cache keeps what fits"),
            ("prediction", "a hint for speed, the answer is the same"),
            ("include_reasoning", "reasoning is part of the text"),
            ("parallel_tool_calls", "calls are part of the text, however many they are"),
            ("length_penalty", beam), ("early_stopping", beam),
            ("guided_decoding_backend", backend), ("guided_whitespace_pattern", backend),
            ("return_token_offsets", "only read by render endpoints"),
        ]
        return names.map { RequestField(name: $0.0, state: .harmless($0.1)) }
    }()

    private static let refusedFields: [RequestField] = {
        let constrained =
            "constrained output is not supported yet, and an unconstrained answer would not be "
            + "what you asked for. Remove the field and describe the format in the prompt."
        let names = [
            ("guided_json", constrained), ("guided_regex", constrained),
            ("guided_choice", constrained), ("guided_grammar", constrained),
            ("guided_json_object", constrained), ("structured_outputs", constrained),
            ("grammar", constrained), ("json_schema", constrained), ("regex", constrained),
            ("ebnf", constrained), ("structural_tag", constrained),
            ("functions", "it is deprecated; use `tools` instead."),
            ("function_call", "it is deprecated; use `tool_choice` instead."),
            ("prompt_embeds", "prompts are text or token ids; send `prompt`."),
            ("suffix", "insertion before a suffix is not supported."),
            ("audio", "only text is produced."),
            ("modalities", "only text is produced; leave it out or send [\"text\"]."),
            ("web_search_options", "there is no web search here."),
            ("mm_processor_kwargs", "only text is read."),
            ("media_io_kwargs", "only text is read."),
            ("logits_processors", "custom logits processors are not supported; use logit_bias."),
            ("logprob_token_ids", "use `logprobs` with a number of alternatives."),
            ("repetition_detection", "use repetition_penalty or frequency_penalty."),
            ("max_repetition_pattern_size", "use repetition_penalty or frequency_penalty."),
            ("min_repetition_pattern_size", "use repetition_penalty or frequency_penalty."),
            ("repetition_min_count", "use repetition_penalty or frequency_penalty."),
            ("thinking_token_budget", "use max_tokens to bound the whole answer."),
            ("kv_transfer_params", "there is no disaggregated serving here."),
            ("ec_transfer_params", "there is no disaggregated serving here."),
            ("vllm_xargs", "there are no custom extensions here."),
        ]
        return names.map { RequestField(name: $0.0, state: .refused($0.1)) }
    }()

    static let harmlessNames = Set(harmlessFields.map(\.name))

    static let refusals: [String: String] = Dictionary(
        uniqueKeysWithValues: refusedFields.compactMap { field in
            if case .refused(let reason) = field.state { (field.name, reason) } else { nil }
        }
    )
}
