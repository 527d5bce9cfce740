import NIOCore
import QuireHTTP
import QuireOpenAI

extension HTTPStream {
    /// Sends a JSON body that the closure writes.
    func respondJSON(_ write: (inout ByteBuffer) -> Void) {
        var body = ByteBuffer()
        write(&body)
        respondJSON(body)
    }

    /// Sends a JSON body.
    func respondJSON(_ body: ByteBuffer) {
        respond(status: 200, headers: [("content-type", "application/json")], body: body)
    }

    /// Sends an error in OpenAI's shape, with what HTTP asks for beside some statuses.
    func respond(_ error: OpenAIError, headers: [(String, String)] = []) {
        var headers = headers
        headers.append(("content-type", "application/json"))
        switch error.status {
        case 401: headers.append(("www-authenticate", "Bearer"))
        // Queues drain within a step or two: a second is soon enough, and not a hammer.
        case 503: headers.append(("retry-after", "1"))
        default: break
        }
        var body = ByteBuffer()
        error.writeBody(into: &body)
        respond(status: error.status, headers: headers, body: body)
    }
}
