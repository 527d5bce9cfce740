/// Why a request ended, in vLLM's words.
package enum FinishReason: Sendable, Hashable {
    /// The model's end-of-sequence token (`stopToken` is nil) or one of the request's stop tokens.
    case stop(stopToken: Int32?)
    /// `max_tokens` or the context is reached.
    case length
    /// The request was aborted by its owner.
    case abort
    /// What the request itself asks for cannot be done, which only showed as it ran.
    case unservable(String)
    /// A fault in this request's row or in its step.
    case error(String)
}

/// The probability of one token, and of the likeliest ones beside it.
package struct TokenLogprobs: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var token: Int32
        package var logprob: Float

        package init(token: Int32, logprob: Float) {
            self.token = token
            self.logprob = logprob
        }
    }

    /// The token that was chosen, or that stands in the prompt.
    package var chosen: Entry
    /// Its place in the order of probability, from 1.
    package var rank: Int
    /// The likeliest tokens, most likely first.
    package var top: [Entry]

    package init(chosen: Entry, rank: Int, top: [Entry]) {
        self.chosen = chosen
        self.rank = rank
        self.top = top
    }
}

/// What one step says about one request.
package struct OutputEvent: Sendable {
    package enum Kind: Sendable {
        /// The next generated token.
        case token(Int32, logprobs: TokenLogprobs?)
        /// Logprobs of prompt tokens, in order, beginning with the second token of the prompt;
        /// sent as the prompt's chunks are computed, before the first token.
        case promptLogprobs([TokenLogprobs])
        /// The request has ended; no event follows for this slot.
        case finished(FinishReason, RequestUsage)
    }

    package var slot: SlotID
    package var kind: Kind

    package init(slot: SlotID, kind: Kind) {
        self.slot = slot
        self.kind = kind
    }
}

/// What a request used, counted by the engine.
package struct RequestUsage: Sendable, Hashable {
    package var promptTokens: Int
    /// Prompt tokens that came from the prefix cache.
    package var cachedTokens: Int
    package var completionTokens: Int

    package init(promptTokens: Int, cachedTokens: Int, completionTokens: Int) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.completionTokens = completionTokens
    }
}

/// Takes the engine's output: once per lane and step, on the engine thread.
///
/// The sink copies the events into the lane's own buffer and wakes the lane at most once; it must
/// not block.
package protocol OutputSink: Sendable {
    func deliver(_ events: [OutputEvent], lane: Int)
}
