/// How tokens are chosen and when they end, validated: the part that chat and completions share.
///
/// Values that a model's `generation_config.json` may supply stay `nil` when the client left them
/// out; everything else already has vLLM's default. Ranges were checked while parsing, so code
/// that holds this has nothing left to refuse but what needs the tokenizer or the context length.
package struct SamplingFields: Sendable, Hashable {
    /// Sequences per prompt, at least 1.
    package internal(set) var n = 1
    /// Within [0, 1000]; 0 is greedy.
    package internal(set) var temperature: Double?
    /// Within (0, 1].
    package internal(set) var topP: Double?
    /// 0 is off (the client may also say -1), otherwise at least 1.
    package internal(set) var topK: Int?
    /// Within [0, 1].
    package internal(set) var minP: Double?
    /// Within [0.001, 1000]; 1 is off.
    package internal(set) var repetitionPenalty: Double?
    /// Within [-2, 2].
    package internal(set) var presencePenalty = 0.0
    /// Within [-2, 2].
    package internal(set) var frequencyPenalty = 0.0
    /// `nil` (or -1 from the client) draws a fresh one.
    package internal(set) var seed: Int?
    /// Added to the logits, each within [-100, 100] (clamped, as vLLM does).
    package internal(set) var logitBias: [Int32: Float] = [:]
    /// Strings that end the answer; none is empty.
    package internal(set) var stop: [String] = []
    package internal(set) var stopTokenIDs: [Int32] = []
    package internal(set) var includeStopStringInOutput = false
    package internal(set) var ignoreEOS = false
    /// At least 0 and at most ``maxTokens``.
    package internal(set) var minTokens = 0
    /// At least 1, except 0 for a completion that only echoes; `nil` runs to the context's end.
    package internal(set) var maxTokens: Int?
    /// Strings that may not appear; none is empty.
    package internal(set) var badWords: [String] = []
    /// The only tokens that may be chosen, not empty, ascending, each once; `nil` allows all.
    package internal(set) var allowedTokenIDs: [Int32]?
    /// Alternatives wanted beside each chosen token (0: only the chosen one); `nil`: no logprobs.
    package internal(set) var logprobs: Int?
    /// The same for the prompt's tokens; also set by `echo` with `logprobs`.
    package internal(set) var promptLogprobs: Int?
    package internal(set) var skipSpecialTokens = true

    init() {}
}
