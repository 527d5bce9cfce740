import NIOCore
import QuireHTTP
import QuireOpenAI
import Synchronization

/// Carries a request from its loop to a preprocess thread, and what came of it back.
///
/// Sendable; one per server. The work is a pure function of the request and touches no stream.
final class Preprocessor: Sendable {
    private let queue: WorkQueue

    init(_ options: ServerOptions) {
        queue = WorkQueue(
            threadCount: options.preprocessThreadCount,
            maxCount: options.maxWaitingRequests,
            maxBytes: options.maxWaitingBytes
        )
    }

    /// Does `work` with the body on a preprocess thread, then `finish` on the stream's loop.
    ///
    /// An error of the work is answered here. If the client leaves meanwhile, work that has not
    /// begun never does, and nothing is answered.
    func run<Answer: Sendable>(
        _ body: ByteBuffer,
        on stream: HTTPStream,
        _ work: @escaping @Sendable (ByteBuffer) throws(OpenAIError) -> Answer,
        finish: @escaping (Answer, HTTPStream) -> Void
    ) {
        let loop = stream.eventLoop
        let client = Client()
        stream.onDisconnect = { client.hasLeft.store(true, ordering: .relaxed) }
        let confined = NIOLoopBound((stream: stream, finish: finish), eventLoop: loop)
        let isQueued = queue.submit(bytes: body.readableBytes) {
            guard !client.hasLeft.load(ordering: .relaxed) else { return }
            let result: Result<Answer, OpenAIError>
            do throws(OpenAIError) {
                result = .success(try work(body))
            } catch {
                result = .failure(error)
            }
            loop.execute {
                let (stream, finish) = confined.value
                guard !stream.isClosed else { return }
                stream.onDisconnect = nil
                switch result {
                case .success(let answer): finish(answer, stream)
                case .failure(let error): stream.respond(error)
                }
            }
        }
        if !isQueued {
            stream.respond(
                .serviceUnavailable("Too many requests are waiting. Please try again in a moment.")
            )
        }
    }

    /// Drops what is queued and ends the threads.
    func close() { queue.close() }

    /// Whether there is still somebody to work for: told by the loop, asked by the work.
    private final class Client: Sendable {
        let hasLeft = Atomic<Bool>(false)
    }
}
