import NIOCore
import QuireHTTP
import QuireOpenAI

/// Sends an answer as server-sent events, piece by piece.
///
/// The head goes out with the first piece, so that a request refused by the engine still gets its
/// status. Loop-confined.
final class StreamAnswerWriter: AnswerWriter {
    private let stream: HTTPStream
    private let encoder: StreamEncoder
    private let request: PreparedRequest
    private var hasBegun = false
    private var hasEnded = false
    /// By choice: whether its first chunk was sent, and where its text has got to.
    private var choices: [(isOpen: Bool, textOffset: Int)]
    /// By choice.
    private var promptLogprobs: [[TokenLogprob]]

    init(_ request: PreparedRequest, on stream: HTTPStream) {
        self.stream = stream
        self.request = request
        encoder = StreamEncoder(
            request.kind,
            id: request.id,
            created: request.created,
            model: request.model,
            tokensAsTokenIDs: request.options.returnTokensAsTokenIDs
        )
        choices = request.choices.map { _ in (false, 0) }
        promptLogprobs = request.choices.map { choice in
            request.prompts[choice.prompt].first.map { [$0] } ?? []
        }
    }

    func promptLogprobs(_ logprobs: [TokenLogprob], choice: Int) {
        promptLogprobs[choice] += logprobs
    }

    func write(_ piece: AnswerPiece) {
        begin()
        if !choices[piece.choice].isOpen { open(piece.choice) }
        let isPlain =
            piece.logprobs == nil && piece.tokenIDs == nil && piece.finish == nil
            && !request.options.continuousUsageStats
        if isPlain {
            stream.writeChunk { buffer in
                encoder.writeDelta(choice: piece.choice, text: piece.text.span, into: &buffer)
            }
            return
        }
        var details = ChunkDetails()
        details.logprobs = piece.logprobs
        details.tokenIDs = piece.tokenIDs
        details.finish = piece.finish
        details.textOffset = choices[piece.choice].textOffset
        if request.options.continuousUsageStats { details.usage = usage(of: piece) }
        if piece.logprobs != nil {
            choices[piece.choice].textOffset += Self.scalarCount(piece.text)
        }
        stream.writeChunk { buffer in
            encoder.writeChunk(
                choice: piece.choice,
                text: piece.text.span,
                details,
                into: &buffer
            )
        }
    }

    func end(_ usage: Usage) {
        begin()
        hasEnded = true
        stream.writeChunk { buffer in
            if request.options.includeUsage { encoder.writeUsage(usage, into: &buffer) }
            StreamEncoder.writeDone(into: &buffer)
        }
        stream.end()
    }

    func fail(_ error: OpenAIError) {
        guard !hasEnded else { return }
        hasEnded = true
        guard hasBegun else {
            stream.respond(error)
            return
        }
        stream.writeChunk { buffer in
            StreamEncoder.writeError(error, into: &buffer)
            StreamEncoder.writeDone(into: &buffer)
        }
        stream.end()
    }

    func flush() { stream.flush() }

    private func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        stream.writeHead(
            status: 200,
            headers: [
                ("content-type", "text/event-stream; charset=utf-8"),
                ("cache-control", "no-cache"),
                ("x-accel-buffering", "no"),
            ],
            contentLength: nil
        )
        // As vLLM does: all roles before any content.
        if request.kind == .chat {
            for choice in choices.indices { writeRole(choice) }
        }
    }

    private func writeRole(_ choice: Int) {
        let prompt = request.prompts[request.choices[choice].prompt]
        var usage: Usage?
        if request.options.continuousUsageStats {
            usage = Usage(promptTokens: prompt.tokens.count, completionTokens: 0)
        }
        stream.writeChunk { buffer in
            encoder.writeRole(
                choice: choice,
                promptTokenIDs: request.options.returnTokenIDs ? prompt.tokens : nil,
                usage: usage,
                into: &buffer
            )
        }
    }

    /// The chunk that comes before a choice's first piece: the echoed prompt, its token ids.
    private func open(_ choice: Int) {
        choices[choice].isOpen = true
        let prompt = request.choices[choice].prompt
        let sendsIDs = request.kind == .completion && request.options.returnTokenIDs
        let echo = request.prompts[prompt].echo
        guard echo != nil || sendsIDs else { return }
        var details = ChunkDetails()
        if sendsIDs { details.promptTokenIDs = request.prompts[prompt].tokens }
        // A chat's echo is one message of a prompt that the client never saw.
        if request.kind == .completion, echo != nil, request.wantsLogprobs {
            details.logprobs = promptLogprobs[choice]
            promptLogprobs[choice] = []
        }
        let text = echo ?? []
        choices[choice].textOffset = Self.scalarCount(text)
        stream.writeChunk { buffer in
            encoder.writeChunk(choice: choice, text: text.span, details, into: &buffer)
        }
    }

    private func usage(of piece: AnswerPiece) -> Usage {
        let prompt = request.choices[piece.choice].prompt
        return Usage(
            promptTokens: request.prompts[prompt].tokens.count,
            completionTokens: piece.completionTokens
        )
    }

    private static func scalarCount(_ text: [UInt8]) -> Int {
        text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}
