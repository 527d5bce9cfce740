import NIOCore
import QuireEngine
import QuireHTTP
import QuireOpenAI
import QuireTokenizer

/// One HTTP request that the engine is working on: its choices, its writer, its connection.
///
/// Loop-confined. It ends once: all choices finished, the client gone, or a failure; then every
/// slot that is still out goes back, and the engine is told to drop what still runs.
final class ResponseSession {
    private let stream: HTTPStream
    private let lane: TokenLane
    private let engine: Engine
    let writer: any AnswerWriter
    private var choices: [ChoiceStream] = []
    private var unfinishedCount = 0
    private var promptTokens: [Int]
    private var cachedTokens: [Int]
    private var completionTokens = 0
    private var hasEnded = false
    /// Whether the lane will flush this session at the end of its walk.
    var isTouched = false

    /// What a client may leave unread before its request is dropped.
    private let maxUnreadBytes: Int

    init(
        request: PreparedRequest,
        stream: HTTPStream,
        lane: TokenLane,
        engine: Engine,
        writer: any AnswerWriter,
        maxUnreadBytes: Int
    ) {
        self.stream = stream
        self.lane = lane
        self.engine = engine
        self.writer = writer
        self.maxUnreadBytes = maxUnreadBytes
        promptTokens = request.prompts.map(\.tokens.count)
        cachedTokens = request.prompts.map { _ in 0 }
    }

    /// Gives every choice a slot and posts it to the engine; all or none.
    func start(_ request: PreparedRequest, tokenizer: Tokenizer?, now: UInt64) {
        for index in request.choices.indices {
            let choice = ChoiceStream(
                session: self,
                request: request,
                index: index,
                tokenizer: tokenizer
            )
            let address = lane.bind(choice)
            choice.address = address
            choices.append(choice)
            unfinishedCount += 1
            let engineRequest = EngineRequest(
                address: address,
                promptTokens: request.prompts[choice.prompt].tokens,
                sampling: request.choices[index].sampling,
                priority: request.options.priority,
                cacheSalt: request.options.cacheSalt ?? "",
                arrivalNanoseconds: now
            )
            do throws(EngineError) {
                try engine.add(engineRequest)
            } catch {
                choice.address = nil
                lane.release(address)
                fail(Self.wire(error))
                flush()
                return
            }
        }
        // The connection holds the session for as long as either lives.
        stream.onDisconnect = { self.end() }
    }

    /// The choice has met a stop string: the engine need not go on.
    ///
    /// It keeps its slot until the engine has ended it, by the next step, and told its usage.
    func stop(_ choice: ChoiceStream) {
        guard let address = choice.address else { return }
        engine.abort(address, as: .stop(stopToken: nil))
    }

    /// The engine has ended the choice.
    func finished(_ choice: ChoiceStream, usage: RequestUsage) {
        guard let address = choice.address else { return }
        cachedTokens[choice.prompt] = max(cachedTokens[choice.prompt], usage.cachedTokens)
        lane.release(address)
        choice.address = nil
        completionTokens += choice.completionTokens
        unfinishedCount -= 1
    }

    func fail(_ error: OpenAIError) {
        guard !hasEnded else { return }
        writer.fail(error)
        end()
    }

    /// Sends what the walk wrote; drops a client that does not read.
    func flush() {
        if unfinishedCount == 0, !hasEnded {
            writer.end(
                Usage(
                    promptTokens: promptTokens.reduce(0, +),
                    completionTokens: completionTokens,
                    cachedTokens: cachedTokens.reduce(0, +)
                )
            )
            end()
        }
        writer.flush()
        if !hasEnded, stream.pendingBytes > maxUnreadBytes {
            end()
            stream.abort()
        }
    }

    /// Gives back every slot and drops what still runs; the second call does nothing.
    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        stream.onDisconnect = nil
        for choice in choices {
            guard let address = choice.address else { continue }
            engine.abort(address)
            lane.release(address)
            choice.address = nil
        }
    }

    private static func wire(_ error: EngineError) -> OpenAIError {
        switch error {
        case .full: .serviceUnavailable("The queue is full. Please try again in a moment.")
        case .draining: .serviceUnavailable("The server is shutting down.")
        case .unservable(let sentence): .badRequest(sentence)
        }
    }
}
