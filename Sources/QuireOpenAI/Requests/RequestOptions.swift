/// How a request is queued, tokenised and answered, apart from how its tokens are chosen: the
/// other part that chat and completions share.
package struct RequestOptions: Sendable, Hashable {
    /// Which end of the prompt is cut by ``truncatePromptTokens``.
    package enum TruncationSide: Sendable, Hashable {
        /// The first tokens go, the last ones stay.
        case left
        /// The last tokens go, the first ones stay.
        case right
    }

    /// The answer comes as server-sent events.
    package internal(set) var stream = false
    /// A last chunk holds the usage.
    package internal(set) var includeUsage = false
    /// Every chunk holds the usage so far.
    package internal(set) var continuousUsageStats = false
    /// The prompt (or, in a chat, the last message) comes before the answer.
    package internal(set) var echo = false
    /// The answer holds the token ids of prompt and output.
    package internal(set) var returnTokenIDs = false
    /// Tokens in logprobs are written `token_id:123`.
    package internal(set) var returnTokensAsTokenIDs = false
    /// Lower is earlier.
    package internal(set) var priority = 0
    /// The client's name for the request, not empty.
    package internal(set) var requestID: String?
    /// Separates this request's prefix cache entries from those with another salt; not empty.
    package internal(set) var cacheSalt: String?
    /// Keep this many prompt tokens: at least 1, or -1 for as many as the context holds.
    package internal(set) var truncatePromptTokens: Int?
    package internal(set) var truncationSide: TruncationSide?
    /// Whether the tokenizer adds its own (BOS): `true` for completions, `false` for chats, whose
    /// template writes them.
    package internal(set) var addSpecialTokens = true
    /// The client's end user, for accounting; no effect on the answer.
    package internal(set) var user: String?

    init() {}
}
