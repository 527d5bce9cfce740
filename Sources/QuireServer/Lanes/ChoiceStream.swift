import QuireEngine
import QuireOpenAI
import QuireTokenizer

/// One choice of a running request, from the engine's tokens to visible text.
///
/// Loop-confined. Its buffers are reused from token to token, so that a plain token allocates
/// nothing here.
final class ChoiceStream {
    unowned let session: ResponseSession
    let index: Int
    let prompt: Int
    private let minTokens: Int
    private let discardsOutput: Bool
    private let kind: StreamEncoder.Kind
    private let returnsTokenIDs: Bool
    private let keepsStopString: Bool
    private let stops: [[UInt8]]
    private let tokenizer: Tokenizer?
    private var detokenizer: Detokenizer?
    private var matcher: StopMatcher?
    /// Where the engine sends this choice's tokens; `nil` before it runs and once it has ended.
    var address: OutputAddress?
    private(set) var completionTokens = 0
    private var decoded: [UInt8] = []
    private var piece: AnswerPiece

    init(
        session: ResponseSession,
        request: PreparedRequest,
        index: Int,
        tokenizer: Tokenizer?
    ) {
        let choice = request.choices[index]
        self.session = session
        self.index = index
        self.prompt = choice.prompt
        self.minTokens = choice.sampling.fields.minTokens
        self.discardsOutput = request.discardsOutput
        self.kind = request.kind
        self.returnsTokenIDs = request.options.returnTokenIDs
        self.keepsStopString = request.keepsStopString
        self.stops = request.stops
        self.tokenizer = tokenizer
        self.detokenizer = tokenizer.map {
            Detokenizer(
                $0,
                promptTokens: request.prompts[choice.prompt].tokens,
                skipSpecialTokens: request.skipsSpecialTokens
            )
        }
        if !request.stops.isEmpty {
            matcher = StopMatcher(stops: request.stops, keepsStopString: request.keepsStopString)
        }
        piece = AnswerPiece(choice: index)
    }

    /// Takes one event; `ending` says that this token is the last.
    func handle(_ event: OutputEvent.Kind, ending: FinishReason?) {
        switch event {
        case .token(let token, let logprobs): take(token, logprobs, ending)
        case .promptLogprobs(let logprobs):
            session.writer.promptLogprobs(logprobs.map { wire($0) }, choice: index)
        case .finished(let reason, let usage): finish(reason, usage)
        }
    }

    private func take(_ token: Int32, _ logprobs: TokenLogprobs?, _ ending: FinishReason?) {
        if discardsOutput { return }
        completionTokens += 1
        piece.text.removeAll(keepingCapacity: true)
        piece.completionTokens = completionTokens
        if let logprobs { piece.logprobs = [wire(logprobs)] }
        if returnsTokenIDs { piece.tokenIDs = [token] }
        var stoppedBy: Int?
        if detokenizer != nil {
            decoded.removeAll(keepingCapacity: true)
            if !isHiddenStop(ending) { detokenizer?.push(token, into: &decoded) }
            if ending != nil { detokenizer?.flush(into: &decoded) }
            stoppedBy = match()
        }
        if let stoppedBy {
            let text = String(decoding: stops[stoppedBy], as: UTF8.self)
            session.stop(self)
            piece.finish = Finish(.stop, stopReason: .string(text))
        } else if let ending {
            matcher?.flush(into: &piece.text)
            piece.finish = Self.wire(ending)
        } else if piece.text.isEmpty, piece.logprobs == nil, piece.tokenIDs == nil {
            return
        }
        session.writer.write(piece)
        piece.logprobs = nil
        piece.tokenIDs = nil
    }

    /// Whether the last token is one that ended the answer and is not part of its text.
    private func isHiddenStop(_ ending: FinishReason?) -> Bool {
        if case .stop = ending { !keepsStopString } else { false }
    }

    /// Moves the decoded bytes into the piece, through the stop strings if there are any.
    private func match() -> Int? {
        guard matcher != nil else {
            piece.text.append(contentsOf: decoded)
            return nil
        }
        // Enough tokens for a stop string: `min_tokens` counts this one.
        let mayStop = completionTokens > minTokens
        if case .stopped(let index)? = matcher?.push(decoded, mayStop: mayStop, into: &piece.text) {
            return index
        }
        return nil
    }

    private func finish(_ reason: FinishReason, _ usage: RequestUsage) {
        if case .error(let message) = reason {
            session.fail(.internalError(message))
            return
        }
        if piece.finish == nil {
            // No token carried the end: an echo alone, or an abort by the server.
            piece.text.removeAll(keepingCapacity: true)
            piece.finish = discardsOutput ? Finish(.length) : Self.wire(reason)
            session.writer.write(piece)
        }
        session.finished(self, usage: usage)
    }

    private static func wire(_ reason: FinishReason) -> Finish {
        switch reason {
        case .stop(let token): Finish(.stop, stopReason: token.map { .token($0) })
        case .length: Finish(.length)
        case .abort: Finish(.abort)
        case .error: Finish(.error)
        }
    }

    private func wire(_ logprobs: TokenLogprobs) -> TokenLogprob {
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
