/// One token at one position with its log probability.
package struct TokenCandidate: Sendable, Hashable {
    package var id: Int32
    /// The token's own bytes, which may be part of a character.
    package var text: [UInt8]
    package var logprob: Float
    /// Its place among all tokens, 1 for the likeliest; only `prompt_logprobs` shows it.
    package var rank: Int?

    package init(id: Int32, text: [UInt8], logprob: Float, rank: Int? = nil) {
        self.id = id
        self.text = text
        self.logprob = logprob
        self.rank = rank
    }
}

/// The token that was chosen at one position, and the alternatives to show beside it.
package struct TokenLogprob: Sendable, Hashable {
    package var id: Int32
    /// The token's own bytes, which may be part of a character.
    package var text: [UInt8]
    /// `nil` for the first token of an echoed prompt, which nothing predicted.
    package var logprob: Float?
    /// Its place among all tokens, 1 for the likeliest; only `prompt_logprobs` shows it.
    package var rank: Int?
    /// Written as given, likeliest first; `nil` where ``logprob`` is.
    package var top: [TokenCandidate]?

    package init(
        id: Int32,
        text: [UInt8],
        logprob: Float?,
        rank: Int? = nil,
        top: [TokenCandidate]? = []
    ) {
        self.id = id
        self.text = text
        self.logprob = logprob
        self.rank = rank
        self.top = top
    }
}
