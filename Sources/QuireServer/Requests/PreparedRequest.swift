import QuireEngine
import QuireOpenAI

/// A chat or completion request that nothing can be wrong with any more.
///
/// Validated, rendered, tokenised, within the context. Made on a preprocess thread, used on the
/// stream's loop.
struct PreparedRequest: Sendable {
    struct Prompt: Sendable {
        var tokens: [Int32]
        /// What `echo` puts before the answer; `nil` without it.
        var echo: [UInt8]?
        /// The first token, which nothing predicted; set if logprobs of the prompt are wanted.
        var first: TokenLogprob?
    }

    /// One sequence to generate; `n` of them for each prompt.
    struct Choice: Sendable {
        var prompt: Int
        var sampling: SamplingParameters
    }

    var kind: StreamEncoder.Kind
    var id: String
    /// Seconds since 1970.
    var created: Int
    var model: String
    var prompts: [Prompt]
    var choices: [Choice]
    var options: RequestOptions
    /// What finds the stop strings; `nil` if there are none.
    var stops: StopAutomata?
    var keepsStopString: Bool
    var skipsSpecialTokens: Bool
    /// Tokens come with their log probabilities.
    var wantsLogprobs: Bool
    /// The answer has `prompt_logprobs`, as vLLM's also has for an `echo` with `logprobs`.
    var wantsPromptLogprobs: Bool
    /// The client wants only the prompt back (`echo` with `max_tokens: 0`); the one token that the
    /// engine generates all the same is thrown away.
    var discardsOutput: Bool
}
