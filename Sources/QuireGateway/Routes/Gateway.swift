import Glibc
package import NIOCore
package import QuireHTTP
import QuireOpenAI
import QuireTelemetry

/// The gateway's front: finds what a request is for, answers what is the gateway's own, and sends
/// everything else to an upstream.
///
/// Sendable; called on every loop of the server, which must be one of those it was made with.
package final class Gateway: HTTPResponder {
    private let core: GatewayCore
    private let loops: [ObjectIdentifier: GatewayLoop]
    private let unixTime: @Sendable () -> Int
    private let plain: InferenceRoutes
    private let keys: GatewayKeys
    private let started: Int

    package init(
        _ core: GatewayCore,
        loops: [any EventLoop],
        unixTime: @escaping @Sendable () -> Int = { time(nil) }
    ) {
        self.core = core
        self.unixTime = unixTime
        started = unixTime()
        let made = Dictionary(
            loops.map { (ObjectIdentifier($0), GatewayLoop(eventLoop: $0, core: core)) },
            uniquingKeysWith: { first, _ in first }
        )
        self.loops = made
        keys = GatewayKeys(core)
        plain = InferenceRoutes(ProxyDispatcher(core: core, loops: made, unixTime: unixTime))
    }

    package func admit(_ head: HTTPRequestHead) -> HTTPRefusal? {
        guard keys.isClosed else { return nil }
        let isHealth = head.withPath { path in
            Self.openPaths.contains { path.count == $0.utf8.count && head.path == $0 }
        }
        if isHealth || keys.admits(head.fields.firstSlice("authorization")) { return nil }
        var body = ByteBuffer()
        OpenAIError.unauthorized().writeBody(into: &body)
        return HTTPRefusal(
            status: 401,
            headers: [("content-type", "application/json"), ("www-authenticate", "Bearer")],
            body: body
        )
    }

    package func respond(to request: HTTPRequest, on stream: HTTPStream) {
        // The path of nearly all requests: through the names below it costs 2,000 instructions.
        if request.head.hasPath("/v1/chat/completions") { return proxy(request, on: stream) }
        switch request.head.path {
        case "/health", "/ping", "/health/ready": respondHealth(on: stream)
        case "/health/live": stream.respond(status: 200)
        case "/metrics": respondMetrics(on: stream)
        case "/metrics/aggregate": respondFleet(request, on: stream)
        case "/inference", "/v1/inference", "/inference/stream", "/v1/inference/stream",
            "/inference/batch", "/v1/inference/batch":
            guard request.method == .post else {
                return stream.respond(GatewayRefusal(.methodNotAllowed("This path takes POST.")))
            }
            respondPlain(request, on: stream)
        case "/v1/models", "/models", "/v1/v1/models": respondModels(request, on: stream)
        case let path where path.hasPrefix("/v1/models/"):
            respondModel(String(path.dropFirst("/v1/models/".count)), request, on: stream)
        default: proxy(request, on: stream)
        }
    }

    private func respondPlain(_ request: HTTPRequest, on stream: HTTPStream) {
        let route: InferenceRoutes.Route =
            switch request.head.path.split(separator: "/").last {
            case "stream": .stream
            case "batch": .batch
            default: .single
            }
        plain.respond(route, to: request, on: stream)
    }

    /// What needs no key: balancers have none.
    private static let openPaths = ["/health", "/ping", "/health/live", "/health/ready"]

    /// The models of all upstreams and their aliases; until one is known, an upstream's own list.
    private func respondModels(_ request: HTTPRequest, on stream: HTTPStream) {
        let list = core.modelList(created: started)
        guard request.method == .get, !list.entries.isEmpty else {
            return proxy(request, on: stream)
        }
        var body = ByteBuffer()
        list.write(into: &body)
        stream.respond(status: 200, headers: [("content-type", "application/json")], body: body)
    }

    /// One model's card.
    private func respondModel(_ id: String, _ request: HTTPRequest, on stream: HTTPStream) {
        var body = ByteBuffer()
        guard request.method == .get,
            core.modelList(created: started).writeCard(of: id, into: &body)
        else { return proxy(request, on: stream) }
        stream.respond(status: 200, headers: [("content-type", "application/json")], body: body)
    }

    /// Every instance's series and the fleet's; `?contents=fleet` or `instances` for one of them.
    private func respondFleet(_ request: HTTPRequest, on stream: HTTPStream) {
        let contents: FleetMetrics.Contents =
            switch request.head.query {
            case "contents=fleet": .fleet
            case "contents=instances": .instances
            default: .all
            }
        stream.respond(
            status: 200,
            headers: [("content-type", Self.metricsType)],
            body: core.renderFleet(contents)
        )
    }

    private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

    /// Healthy while one upstream can be asked.
    private func respondHealth(on stream: HTTPStream) {
        let isUp = core.withFleet { fleet, now in
            fleet.status(now: now).contains {
                !$0.isDead && !$0.isDraining && !$0.isEjectedByOperator && !$0.isRetired
            }
        }
        if isUp, !stream.isDraining {
            stream.respond(status: 200)
        } else {
            stream.respond(.unavailable("No engine is available.", retryAfterSeconds: 1))
        }
    }

    private func respondMetrics(on stream: HTTPStream) {
        let statuses = core.withFleet { fleet, now in fleet.status(now: now) }
        for status in statuses where !status.isRetired {
            core.metrics.upstream(status.name).set(
                isUp: status.isHealthy,
                isDraining: status.isDraining,
                weight: Double(status.weight) * status.share,
                breaker: BreakerPhase(status.breaker)
            )
        }
        stream.respond(
            status: 200,
            headers: [("content-type", Self.metricsType)],
            body: ByteBuffer(string: core.registry.exposition())
        )
    }

    private func proxy(_ request: HTTPRequest, on stream: HTTPStream) {
        guard let loop = loops[ObjectIdentifier(stream.eventLoop)] else { return stream.abort() }
        do throws(OpenAIError) {
            let proxied = try ProxyRequest(
                request,
                identity: RequestIdentity(request.head, using: &loop.random),
                dropsKey: core.hasKeys
            )
            let policy = core.policy(unixTime: unixTime())
            ProxyExchange(loop: loop, stream: stream, request: proxied, policy: policy).begin()
        } catch {
            stream.respond(GatewayRefusal(error))
        }
    }
}

extension BreakerPhase {
    init(_ state: CircuitBreaker.State) {
        switch state {
        case .closed: self = .closed
        case .halfOpen: self = .halfOpen
        case .open: self = .open
        }
    }
}
