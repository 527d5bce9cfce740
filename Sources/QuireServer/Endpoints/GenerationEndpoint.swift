import QuireHTTP
import QuireOpenAI

/// `POST /v1/chat/completions` and `POST /v1/completions`: prepared on a preprocess thread, then
/// bound to the loop's lane and posted to the engine.
struct GenerationEndpoint: Endpoint {
    let kind: StreamEncoder.Kind
    let context: ServerContext

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        let idHeader = request.head.fields.first("x-request-id")
        context.preprocessor.run(request.body, on: stream) {
            [kind, preparer = context.preparer] body throws(OpenAIError) in
            switch kind {
            case .chat: try preparer.chat(body, idHeader: idHeader)
            case .completion: try preparer.completion(body, idHeader: idHeader)
            }
        } finish: { [context] prepared, stream in
            Self.start(prepared, on: stream, context)
        }
    }

    private static func start(
        _ request: PreparedRequest,
        on stream: HTTPStream,
        _ context: ServerContext
    ) {
        guard let lane = context.lanes.lane(of: stream.eventLoop) else {
            preconditionFailure("a stream's loop has no lane")
        }
        let writer: any AnswerWriter =
            request.options.stream
            ? StreamAnswerWriter(request, on: stream) : WholeAnswerWriter(request, on: stream)
        let session = ResponseSession(
            request: request,
            stream: stream,
            lane: lane,
            engine: context.engine,
            writer: writer,
            maxUnreadBytes: context.options.maxUnreadBytes
        )
        session.start(
            request,
            tokenizer: context.model.tokenizer,
            now: context.clock.nanoseconds()
        )
    }
}
