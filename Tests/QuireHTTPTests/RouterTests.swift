import NIOCore
import QuireHTTP
import Testing

@Suite struct RouterTests {
    private let router: HTTPRouter<String>

    init() {
        var router = HTTPRouter<String>()
        router.add(.get, "/v1/models/{id}", "model")
        router.add(.delete, "/v1/models/{id}", "delete model")
        router.add(.get, "/v1/models", "models")
        router.add(.get, "/v1/models/special", "special")
        router.add(.post, "/v1/chat/completions", "chat")
        router.add(.get, "/health", "health")
        router.add(.head, "/health", "health head")
        self.router = router
    }

    /// The endpoint and parameter found, or the refusal, as text.
    private func route(_ method: String, _ target: String) throws -> String {
        var parser = HTTPRequestParser()
        parser.append(ByteBuffer(string: "\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n"))
        guard case .head(let head) = try parser.next() else { return "no head" }
        var request = HTTPRequest(head: head, body: ByteBuffer())
        switch router.match(&request) {
        case .found(let endpoint):
            return [endpoint, request.pathParameter].compactMap(\.self).joined(separator: " ")
        case .notFound: return "404"
        case .methodNotAllowed(let allow): return "405 \(allow)"
        }
    }

    @Test(arguments: [
        ("GET", "/v1/models", "models"),
        ("HEAD", "/v1/models", "models"),
        ("GET", "/v1/models?x=/y", "models"),
        ("GET", "http://h/v1/models", "models"),
        ("GET", "/v1/models/a", "model a"),
        ("DELETE", "/v1/models/a", "delete model a"),
        ("GET", "/v1/models/org/name", "model org/name"),
        ("GET", "/v1/models/org%2Fname", "model org/name"),
        ("GET", "/v1/models/a%20b%", "model a b%"),
        ("GET", "/v1/models/%e4%bd%a0", "model 你"),
        ("GET", "/v1/models/a%zz%4", "model a%zz%4"),
        ("GET", "/v1/models/%2541", "model %41"),
        ("GET", "/%76%31/models/a%2525", "model a%25"),
        ("GET", "/v1/models/special", "special"),
        ("GET", "/v1/models/specia%6C", "special"),
        ("GET", "/v1/models/special/x", "model special/x"),
        ("GET", "/%76%31/mode%6cs", "models"),
        ("HEAD", "/health", "health head"),
        ("GET", "/v1/models/", "404"),
        ("GET", "/v1/modelsx", "404"),
        ("GET", "/v1", "404"),
        ("GET", "/", "404"),
        ("GET", "//v1/models", "404"),
        ("GET", "/V1/models", "404"),
        ("POST", "/v1/models", "405 GET, HEAD"),
        ("POST", "/v1/models/a", "405 GET, HEAD, DELETE"),
        ("GET", "/v1/chat/completions", "405 POST"),
        ("OPTIONS", "/v1/chat/completions", "405 POST"),
        ("BREW", "/health", "405 GET, HEAD"),
        ("OPTIONS", "*", "404"),
    ])
    func aPathLeadsToItsEndpoint(_ method: String, _ target: String, _ expected: String) throws {
        #expect(try route(method, target) == expected)
    }
}
