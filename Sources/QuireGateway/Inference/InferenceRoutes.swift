import NIOCore
package import QuireHTTP
import QuireOpenAI

/// The plain routes, for clients that want text and not OpenAI's shapes.
///
///     POST /inference        {"message": …}     → {"result": …}
///     POST /inference/stream {"message": …}     → an event per piece of text, then `event: done`
///     POST /inference/batch  {"messages": […]}  → [{"index": 0, "result": …}, …] in order, or a
///                                                 line per result as they come (NDJSON)
///
/// Sendable; each call is on the stream's event loop. A client that leaves takes its requests with
/// it.
package struct InferenceRoutes: Sendable {
    package enum Route: Sendable, Hashable {
        case single, stream, batch
    }

    private let dispatcher: any ChatDispatcher
    private let configuration: InferenceConfiguration

    package init(
        _ dispatcher: any ChatDispatcher,
        configuration: InferenceConfiguration = InferenceConfiguration()
    ) {
        self.dispatcher = dispatcher
        self.configuration = configuration
    }

    package func respond(_ route: Route, to request: HTTPRequest, on stream: HTTPStream) {
        do throws(OpenAIError) {
            switch route {
            case .single:
                let body = try InferenceBody.single(request.body)
                let answer = WholeText(stream, bytesMax: configuration.answerBytesMax)
                answer.begin { send(0, of: body, for: request, on: stream.eventLoop, to: $0) }
            case .stream:
                let body = try InferenceBody.single(request.body)
                let answer = StreamedText(stream)
                answer.begin {
                    send(0, of: body, streams: true, for: request, on: stream.eventLoop, to: $0)
                }
            case .batch:
                let body = try InferenceBody.batch(
                    request.body,
                    countMax: configuration.batchCountMax
                )
                let accept = request.head.fields.first("accept") ?? ""
                let loop = stream.eventLoop
                let batch = TextBatch(
                    stream,
                    count: body.messages.count,
                    isLines: accept.lowercased().contains("ndjson"),
                    configuration
                ) { index, receiver in
                    send(index, of: body, for: request, on: loop, to: receiver)
                }
                batch.begin()
            }
        } catch {
            stream.respond(error)
        }
    }

    private func send(
        _ index: Int,
        of body: InferenceBody,
        streams: Bool = false,
        for request: HTTPRequest,
        on eventLoop: any EventLoop,
        to receiver: any ChatAnswerReceiver
    ) -> any ChatCall {
        let model = body.model ?? configuration.model
        return dispatcher.dispatch(
            ChatDispatch(
                body: InferenceBody.chat(body.messages[index], model: model, streams: streams),
                streams: streams,
                head: request.head
            ),
            on: eventLoop,
            to: receiver
        )
    }
}
