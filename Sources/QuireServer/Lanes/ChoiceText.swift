import QuireEngine
import QuireOpenAI
import QuireTokenizer

/// From a choice's tokens to the text that its client may see: detokeniser, then stop strings.
///
/// A struct, so that a token costs its owner one access: each property that a class is asked for
/// by itself pays an exclusivity check of about 85 instructions, and there were ten per token. Its
/// buffers are reused from token to token, so that a plain token allocates nothing here.
struct ChoiceText {
    /// What one token led to.
    enum Outcome {
        /// ``piece`` is to be written.
        case piece
        /// ``piece`` is to be written and is the last, for a stop string is complete.
        case stopped
    }

    private let minTokens: Int
    private let returnsTokenIDs: Bool
    private let keepsStopString: Bool
    private let kind: StreamEncoder.Kind
    private let stops: StopAutomata?
    private let tokenizer: Tokenizer?
    private var detokenizer: Detokenizer?
    private var matcher: StopMatcher?
    private var decoded: [UInt8] = []
    /// What the last token made visible; `finish` stays once it is set.
    var piece: AnswerPiece

    init(_ request: PreparedRequest, choice index: Int, tokenizer: Tokenizer?) {
        let choice = request.choices[index]
        minTokens = choice.sampling.fields.minTokens
        returnsTokenIDs = request.options.returnTokenIDs
        keepsStopString = request.keepsStopString
        kind = request.kind
        stops = request.stops
        self.tokenizer = tokenizer
        detokenizer = tokenizer.map {
            Detokenizer(
                $0,
                promptTokens: request.prompts[choice.prompt].tokens,
                skipSpecialTokens: request.skipsSpecialTokens
            )
        }
        matcher = request.stops.map {
            StopMatcher($0, keepsStopString: request.keepsStopString)
        }
        piece = AnswerPiece(choice: index)
    }

    /// Takes the next token; `ending` says that the engine has ended with it.
    mutating func take(
        _ token: Int32,
        _ logprobs: TokenLogprobs?,
        ending: FinishReason?
    ) -> Outcome {
        piece.completionTokens += 1
        piece.text.removeAll(keepingCapacity: true)
        piece.logprobs = logprobs.map { [wire($0)] }
        piece.tokenIDs = returnsTokenIDs ? [token] : nil
        if let stop = decode(token, ending), let stops {
            let text = String(decoding: stops.stops[stop], as: UTF8.self)
            piece.finish = Finish(.stop, stopReason: .string(text))
            return .stopped
        }
        if let ending {
            matcher?.flush(into: &piece.text)
            piece.finish = Self.wire(ending)
            return .piece
        }
        // Also without text, as where a character takes several tokens: one piece per token, as vLLM
        // sends them, lets whoever relays a stream count its tokens.
        return .piece
    }

    /// Makes the last piece of a choice that no token has ended.
    mutating func end(_ finish: Finish) {
        piece.text.removeAll(keepingCapacity: true)
        piece.logprobs = nil
        piece.tokenIDs = nil
        piece.finish = finish
    }

    /// Puts the token's text into the piece; the index of the stop string that is complete.
    private mutating func decode(_ token: Int32, _ ending: FinishReason?) -> Int? {
        guard detokenizer != nil else { return nil }
        // A token that ends the answer is not part of its text, unless the client asks for it.
        var isHidden = false
        if case .stop? = ending { isHidden = !keepsStopString }
        guard matcher != nil else {
            if !isHidden { detokenizer?.push(token, into: &piece.text) }
            if ending != nil { detokenizer?.flush(into: &piece.text) }
            return nil
        }
        decoded.removeAll(keepingCapacity: true)
        if !isHidden { detokenizer?.push(token, into: &decoded) }
        if ending != nil { detokenizer?.flush(into: &decoded) }
        // Enough tokens for a stop string: `min_tokens` counts this one.
        let mayStop = piece.completionTokens > minTokens
        if case .stopped(let index)? = matcher?.push(decoded, mayStop: mayStop, into: &piece.text) {
            return index
        }
        return nil
    }

    // MARK: The wire's words

    static func wire(_ reason: FinishReason) -> Finish {
        switch reason {
        case .stop(let token): Finish(.stop, stopReason: token.map { .token($0) })
        case .length: Finish(.length)
        case .abort: Finish(.abort)
        case .unservable, .error: Finish(.error)
        }
    }

    func wire(_ logprobs: TokenLogprobs) -> TokenLogprob {
        let chosen = logprobs.chosen
        var top = logprobs.top.enumerated().map { candidate($1, rank: $0 + 1) }
        // A completion's alternatives always hold the token itself, a chat's only if it is one.
        if kind == .completion, !top.contains(where: { $0.id == chosen.token }) {
            top.append(candidate(chosen, rank: logprobs.rank))
        }
        return TokenLogprob(
            id: chosen.token,
            text: tokenizer?.tokenBytes(chosen.token) ?? [],
            logprob: chosen.logprob,
            rank: logprobs.rank,
            top: top
        )
    }

    private func candidate(_ entry: TokenLogprobs.Entry, rank: Int) -> TokenCandidate {
        TokenCandidate(
            id: entry.token,
            text: tokenizer?.tokenBytes(entry.token) ?? [],
            logprob: entry.logprob,
            rank: rank
        )
    }
}
