package import NIOCore

/// The whole answer to a request that is not let in.
package struct HTTPRefusal: Sendable {
    package var status: Int
    /// Content-Type among them; Date, Connection and Content-Length are written by the server.
    package var headers: [(String, String)]
    package var body: ByteBuffer

    /// Creates a refusal.
    package init(status: Int, headers: [(String, String)] = [], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
