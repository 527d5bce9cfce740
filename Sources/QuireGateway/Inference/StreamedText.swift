import NIOCore
import QuireHTTP
import QuireOpenAI

/// Answers `/inference/stream`: an event per piece of text, then an event `done`.
///
/// A failure before the first piece is a status; after it an event `error` with a sentence, and no
/// `done`. A client that does not keep up stops the call's reading. Confined to the stream's event
/// loop.
final class StreamedText: ChatAnswerReceiver {
    private let stream: HTTPStream
    private var events = TextEvents()
    private var call: (any ChatCall)?
    private var isOver = false

    init(_ stream: HTTPStream) { self.stream = stream }

    func begin(_ send: (any ChatAnswerReceiver) -> any ChatCall) {
        stream.onDisconnect = {
            self.isOver = true
            self.call?.abandon()
            self.call = nil
        }
        stream.onWritable = { self.call?.isReading = true }
        let sent = send(self)
        if isOver { return }
        call = sent
    }

    func receiveText(_ text: ByteBuffer) {
        guard !isOver, text.readableBytes > 0 else { return }
        writeHead()
        stream.writeChunk { events.write(text, into: &$0) }
    }

    func receivePause() {
        guard !isOver, stream.hasBegun else { return }
        stream.flush()
        if !stream.isWritable { call?.isReading = false }
    }

    func receiveEnd() {
        guard !isOver else { return }
        end()
        writeHead()
        stream.writeChunk { $0.writeStaticString("event: done\ndata: [DONE]\n\n") }
        stream.end()
    }

    func receiveFailure(_ refusal: GatewayRefusal) {
        guard !isOver else { return }
        end()
        guard stream.hasBegun else { return stream.respond(refusal) }
        stream.writeChunk { buffer in
            buffer.writeStaticString("event: error\ndata: ")
            refusal.error.writeBody(into: &buffer)
            buffer.writeStaticString("\n\n")
        }
        stream.end()
    }

    private func end() {
        isOver = true
        call = nil
    }

    private func writeHead() {
        guard !stream.hasBegun else { return }
        stream.writeHead(
            status: 200,
            headers: [
                ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"),
            ]
        )
    }
}
