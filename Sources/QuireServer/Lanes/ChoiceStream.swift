import QuireEngine
import QuireOpenAI
import QuireTokenizer

/// One choice of a running request: takes the engine's events, writes pieces, tells the session.
///
/// Loop-confined.
final class ChoiceStream {
    unowned let session: ResponseSession
    let index: Int
    let prompt: Int
    private let discardsOutput: Bool
    private var text: ChoiceText
    /// A stop string is complete; what the engine still sends is not part of the answer.
    private var isStopped = false
    /// Where the engine sends this choice's tokens; `nil` before it runs and once it has ended.
    var address: OutputAddress?

    init(
        session: ResponseSession,
        request: PreparedRequest,
        index: Int,
        tokenizer: Tokenizer?
    ) {
        self.session = session
        self.index = index
        prompt = request.choices[index].prompt
        discardsOutput = request.discardsOutput
        text = ChoiceText(request, choice: index, tokenizer: tokenizer)
    }

    /// Tokens that were generated and not thrown away.
    var completionTokens: Int { text.piece.completionTokens }

    /// Takes one event; `ending` says that this token is the last.
    func handle(_ event: OutputEvent.Kind, ending: FinishReason?) {
        switch event {
        case .token(let token, let logprobs): take(token, logprobs, ending)
        case .promptLogprobs(let logprobs):
            session.writer.promptLogprobs(logprobs.map { text.wire($0) }, choice: index)
        case .finished(let reason, let usage): finish(reason, usage)
        }
    }

    private func take(_ token: Int32, _ logprobs: TokenLogprobs?, _ ending: FinishReason?) {
        if discardsOutput || isStopped { return }
        switch text.take(token, logprobs, ending: ending) {
        case .piece: break
        case .stopped:
            isStopped = true
            session.stop(self)
        }
        session.writer.write(text.piece)
    }

    private func finish(_ reason: FinishReason, _ usage: RequestUsage) {
        switch reason {
        // The answer of a choice that has met its stop string is whole already.
        case .unservable(let sentence) where !isStopped:
            session.fail(.badRequest(sentence))
            return
        case .error(let message) where !isStopped:
            session.fail(.internalError(message))
            return
        case .stop, .length, .abort, .unservable, .error: break
        }
        if text.piece.finish == nil {
            // No token carried the end: an echo alone, or an abort by the server.
            text.end(discardsOutput ? Finish(.length) : ChoiceText.wire(reason))
            session.writer.write(text.piece)
        }
        session.finished(self, usage: usage)
    }
}
