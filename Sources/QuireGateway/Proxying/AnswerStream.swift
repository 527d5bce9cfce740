import NIOCore
import QuireHTTP
import QuireOpenAI

/// Where the answer to a proxied request goes: a client's connection, or a route of the gateway's
/// own that makes something else of it.
///
/// On the request's event loop.
protocol AnswerStream: AnyObject {
    /// Called once when nobody waits for the answer any more.
    var onDisconnect: (() -> Void)? { get set }
    /// Called when a stream that was not writable is so again.
    var onWritable: (() -> Void)? { get set }
    var isWritable: Bool { get }
    func writeHead(
        status: Int,
        contentLength: Int?,
        renderFields: (inout ByteBuffer) -> Void
    )
    func write(_ bytes: ByteBuffer)
    func flush()
    func end()
    func abort()
    func respond(status: Int, headers: [(String, String)], body: ByteBuffer)
}

extension HTTPStream: AnswerStream {}

extension AnswerStream {
    /// Sends an error in OpenAI's shape.
    func respond(_ refusal: GatewayRefusal) {
        var headers = [("content-type", "application/json")]
        if let seconds = refusal.retryAfterSeconds { headers.append(("retry-after", "\(seconds)")) }
        var body = ByteBuffer()
        refusal.error.writeBody(into: &body)
        respond(status: refusal.error.status, headers: headers, body: body)
    }

    func respond(_ error: OpenAIError) { respond(GatewayRefusal(error)) }
}
