import NIOCore
import QuireHTTP
import QuireOpenAI

/// Answers `/inference`: one message, one result.
///
/// Confined to the stream's event loop.
struct WholeText {
    private let stream: HTTPStream
    private let answer: CollectedText

    init(_ stream: HTTPStream, bytesMax: Int) {
        self.stream = stream
        answer = CollectedText(bytesMax: bytesMax) { outcome in
            switch outcome {
            case .success(let text):
                var body = ByteBuffer()
                body.writeStaticString(#"{"result":"#)
                body.writeJSONString(text.readableBytesUInt8Span)
                body.writeStaticString("}")
                stream.respond(
                    status: 200,
                    headers: [("content-type", "application/json")],
                    body: body
                )
            case .failure(let error): stream.respond(error.refusal)
            }
        }
    }

    func begin(_ send: (any ChatAnswerReceiver) -> any ChatCall) {
        stream.onDisconnect = { [answer] in answer.abandon() }
        answer.begin(send)
    }
}
