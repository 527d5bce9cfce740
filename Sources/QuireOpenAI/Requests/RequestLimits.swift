/// The bounds that a request is held to, set once by the server from its flags and its model.
///
/// Every list that a client can send has one, so that a body within the size limit cannot make
/// the engine build tables out of proportion. Beyond a bound the request gets a 400 with numbers.
package struct RequestLimits: Sendable, Hashable {
    /// Sequences per prompt (`n`).
    package var maxSequences = 128
    /// Alternatives per token that `logprobs` may ask for (`--max-logprobs`).
    package var maxLogprobs = 20
    /// Prompts in one completion request.
    package var maxPrompts = 1024
    /// Stop strings per request.
    package var maxStopStrings = 64
    /// UTF-8 bytes of one stop string or bad word.
    package var maxStopStringBytes = 1024
    /// UTF-8 bytes of all stop strings of a request together.
    package var maxStopBytes = 16 << 10
    /// Entries of `stop_token_ids`.
    package var maxStopTokenIDs = 1024
    /// Entries of `bad_words`.
    package var maxBadWords = 1024
    /// Entries of `logit_bias`.
    package var maxLogitBias = 4096
    /// Entries of `allowed_token_ids`.
    package var maxAllowedTokenIDs = 1 << 18
    /// UTF-8 bytes of `request_id`, `cache_salt` and the model's name.
    package var maxNameBytes = 1024
    /// Nesting of the body's JSON.
    package var maxDepth = 64
    /// Unknown fields whose names are kept for the log.
    package var maxUnknownFields = 16
    /// Token ids below this exist; `nil` if no vocabulary is known to check them against.
    package var vocabularySize: Int?

    package init() {}
}
