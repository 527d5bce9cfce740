import NIOCore
package import QuireEngine
package import QuireHTTP
import QuireOpenAI
package import QuireTelemetry

/// The OpenAI endpoints over an engine: finds the route, asks for the key, hands on.
///
/// Sendable; called on every loop of the server. The engine's sink must be the same `lanes`.
package final class APIServer: HTTPResponder {
    private struct Route: Sendable {
        let endpoint: any Endpoint
        /// Health alone answers without a key: balancers have none.
        var isOpen = false
    }

    private let router: HTTPRouter<Route>
    private let keys: APIKeys
    private let preprocessor: Preprocessor

    /// Starts the preprocess threads; `close` ends them.
    package init(
        model: ServedModel,
        engine: Engine,
        lanes: LaneSet,
        metrics: MetricsRegistry,
        options: ServerOptions,
        clock: ServerClock
    ) {
        keys = APIKeys(options.apiKeys)
        preprocessor = Preprocessor(options)
        let context = ServerContext(
            model: model,
            options: options,
            clock: clock,
            engine: engine,
            lanes: lanes,
            preprocessor: preprocessor,
            preparer: RequestPreparer(model, options: options, clock: clock)
        )
        router = Self.routes(context, metrics)
    }

    private static func routes(
        _ context: ServerContext,
        _ metrics: MetricsRegistry
    ) -> HTTPRouter<Route> {
        let health = HealthEndpoint(
            engine: context.engine,
            stallNanoseconds: context.options.stallNanoseconds
        )
        let models = ModelsEndpoint(context.model)
        var router = HTTPRouter<Route>()
        func add(_ method: HTTPMethod, _ path: String, _ endpoint: any Endpoint) {
            router.add(method, path, Route(endpoint: endpoint))
        }
        add(.post, "/v1/chat/completions", GenerationEndpoint(kind: .chat, context: context))
        add(.post, "/v1/completions", GenerationEndpoint(kind: .completion, context: context))
        add(.get, "/v1/models", models)
        add(.get, "/v1/models/{id}", models)
        add(.post, "/tokenize", TokenizeEndpoint(context: context))
        add(.post, "/detokenize", DetokenizeEndpoint(context: context))
        add(.get, "/version", VersionEndpoint(version: context.options.version))
        add(.get, "/metrics", MetricsEndpoint(registry: metrics))
        for (method, path) in [(HTTPMethod.get, "/health"), (.get, "/ping"), (.post, "/ping")] {
            router.add(method, path, Route(endpoint: health, isOpen: true))
        }
        return router
    }

    /// Asks for the key, before the body is read and before the path is judged: who has no key
    /// sends no 32 MB, and does not learn which routes there are.
    package func admit(_ head: HTTPRequestHead) -> HTTPRefusal? {
        if keys.isEmpty || keys.admits(head.fields.firstSlice("authorization")) { return nil }
        if let route = router.endpoint(for: head), route.isOpen { return nil }
        return Self.unauthorized
    }

    package func respond(to request: HTTPRequest, on stream: HTTPStream) {
        var request = request
        switch router.match(&request) {
        case .found(let route) where route.isOpen && stream.isDraining:
            // Balancers look here: they must send nothing more.
            stream.respond(.serviceUnavailable("The server is shutting down."))
        case .found(let route): route.endpoint.respond(to: request, on: stream)
        case .notFound:
            stream.respond(.notFound("There is no \(Self.excerpt(request.head.path)) here."))
        case .methodNotAllowed(let allow):
            stream.respond(
                .methodNotAllowed("\(Self.excerpt(request.head.path)) answers \(allow) only."),
                headers: [("allow", allow)]
            )
        }
    }

    /// Ends the preprocess threads; after the last connection is closed.
    package func close() { preprocessor.close() }

    private static let unauthorized: HTTPRefusal = {
        let error = OpenAIError.unauthorized()
        var body = ByteBuffer()
        error.writeBody(into: &body)
        return HTTPRefusal(
            status: error.status,
            headers: [("content-type", "application/json"), ("www-authenticate", "Bearer")],
            body: body
        )
    }()

    /// The body of refusals that the HTTP layer makes by itself, in OpenAI's shape.
    package static func errorBody(_ status: Int, _ sentence: String) -> HTTPErrorBody {
        let error: OpenAIError =
            switch status {
            case 413: .payloadTooLarge(sentence)
            case 503: .serviceUnavailable(sentence)
            default: OpenAIError(status: status, type: "BadRequestError", message: sentence)
            }
        var bytes = ByteBuffer()
        error.writeBody(into: &bytes)
        return HTTPErrorBody(contentType: "application/json", bytes: bytes)
    }

    private static func excerpt(_ path: String) -> String {
        path.utf8.count <= 128 ? path : String(path.unicodeScalars.prefix(64)) + "…"
    }
}
