import NIOCore
import QuireHTTP
import QuireOpenAI

/// Collects an answer and sends it in one response.
///
/// Loop-confined.
final class WholeAnswerWriter: AnswerWriter {
    private struct Choice {
        var text: [UInt8] = []
        var logprobs: [TokenLogprob]?
        var tokenIDs: [Int32]?
        var finish = Finish(.length)
    }

    private let stream: HTTPStream
    private let request: PreparedRequest
    private var choices: [Choice]
    /// By choice; only the first choice of a prompt has any.
    private var promptLogprobs: [[TokenLogprob]]
    private var hasEnded = false

    init(_ request: PreparedRequest, on stream: HTTPStream) {
        self.stream = stream
        self.request = request
        choices = request.choices.map { _ in
            var collected = Choice()
            if request.wantsLogprobs { collected.logprobs = [] }
            if request.options.returnTokenIDs { collected.tokenIDs = [] }
            return collected
        }
        promptLogprobs = request.choices.map { _ in [] }
    }

    func promptLogprobs(_ logprobs: [TokenLogprob], choice: Int) {
        promptLogprobs[choice] += logprobs
    }

    func write(_ piece: AnswerPiece) {
        let choice = piece.choice
        choices[choice].text += piece.text
        if let logprobs = piece.logprobs { choices[choice].logprobs?.append(contentsOf: logprobs) }
        if let tokenIDs = piece.tokenIDs { choices[choice].tokenIDs?.append(contentsOf: tokenIDs) }
        if let finish = piece.finish { choices[choice].finish = finish }
    }

    func end(_ usage: Usage) {
        hasEnded = true
        var body = ByteBuffer()
        switch request.kind {
        case .chat: chatResponse(usage).write(into: &body)
        case .completion: completionResponse(usage).write(into: &body)
        }
        stream.respond(status: 200, headers: [("content-type", "application/json")], body: body)
    }

    func fail(_ error: OpenAIError) {
        guard !hasEnded else { return }
        hasEnded = true
        stream.respond(error)
    }

    func flush() {}

    private func chatResponse(_ usage: Usage) -> ChatCompletionResponse {
        var response = ChatCompletionResponse(
            id: request.id,
            created: request.created,
            model: request.model,
            choices: choices.enumerated().map { index, choice in
                ChatCompletionResponse.Choice(
                    index: index,
                    content: (request.prompts[0].echo ?? []) + choice.text,
                    finish: choice.finish,
                    logprobs: choice.logprobs,
                    tokenIDs: choice.tokenIDs
                )
            },
            usage: usage
        )
        response.tokensAsTokenIDs = request.options.returnTokensAsTokenIDs
        if request.options.returnTokenIDs { response.promptTokenIDs = request.prompts[0].tokens }
        response.promptLogprobs = promptCandidates(0)
        return response
    }

    private func completionResponse(_ usage: Usage) -> CompletionResponse {
        var response = CompletionResponse(
            id: request.id,
            created: request.created,
            model: request.model,
            choices: choices.enumerated().map { index, choice in
                let promptIndex = request.choices[index].prompt
                let prompt = request.prompts[promptIndex]
                var logprobs = choice.logprobs
                if prompt.echo != nil, let own = logprobs {
                    logprobs = wholePromptLogprobs(promptIndex) + own
                }
                return CompletionResponse.Choice(
                    index: index,
                    text: (prompt.echo ?? []) + choice.text,
                    finish: choice.finish,
                    logprobs: logprobs,
                    tokenIDs: choice.tokenIDs,
                    promptLogprobs: promptCandidates(promptIndex),
                    promptTokenIDs: request.options.returnTokenIDs ? prompt.tokens : nil
                )
            },
            usage: usage
        )
        response.tokensAsTokenIDs = request.options.returnTokensAsTokenIDs
        return response
    }

    /// The logprobs of a prompt's tokens, its first one included.
    private func wholePromptLogprobs(_ prompt: Int) -> [TokenLogprob] {
        let first = request.prompts[prompt].first.map { [$0] } ?? []
        // Choices of a prompt stand together, `n` for each.
        let choice = prompt * (request.choices.count / request.prompts.count)
        return first + promptLogprobs[choice]
    }

    /// `prompt_logprobs` of one prompt: the token itself, then the likelier ones; the first token
    /// has none.
    private func promptCandidates(_ prompt: Int) -> [[TokenCandidate]?]? {
        guard request.wantsPromptLogprobs else { return nil }
        return wholePromptLogprobs(prompt).map { token in
            guard let logprob = token.logprob else { return nil }
            let own = TokenCandidate(
                id: token.id,
                text: token.text,
                logprob: logprob,
                rank: token.rank
            )
            return [own] + (token.top ?? []).filter { $0.id != token.id }
        }
    }
}
