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

    package init(
        _ core: GatewayCore,
        loops: [any EventLoop],
        unixTime: @escaping @Sendable () -> Int = { time(nil) }
    ) {
        self.core = core
        self.unixTime = unixTime
        self.loops = Dictionary(
            loops.map { (ObjectIdentifier($0), GatewayLoop(eventLoop: $0, core: core)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package func respond(to request: HTTPRequest, on stream: HTTPStream) {
        switch request.head.path {
        case "/health", "/ping", "/health/ready": respondHealth(on: stream)
        case "/health/live": stream.respond(status: 200)
        case "/metrics": respondMetrics(on: stream)
        default: proxy(request, on: stream)
        }
    }

    /// Healthy while one upstream can be asked.
    private func respondHealth(on stream: HTTPStream) {
        let isUp = core.withFleet { fleet, now in
            fleet.status(now: now).contains {
                $0.isHealthy && !$0.isDraining && !$0.isEjectedByOperator
            }
        }
        if isUp {
            stream.respond(status: 200)
        } else {
            stream.respond(.serviceUnavailable("No engine is available."))
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
            headers: [("content-type", "text/plain; version=0.0.4; charset=utf-8")],
            body: ByteBuffer(string: core.registry.exposition())
        )
    }

    private func proxy(_ request: HTTPRequest, on stream: HTTPStream) {
        guard let loop = loops[ObjectIdentifier(stream.eventLoop)] else { return stream.abort() }
        do throws(OpenAIError) {
            let proxied = try ProxyRequest(request, identity: RequestIdentity(request.head))
            let policy = core.policy(unixTime: unixTime())
            ProxyExchange(loop: loop, stream: stream, request: proxied, policy: policy).begin()
        } catch {
            stream.respond(error)
        }
    }
}

extension HTTPStream {
    /// Sends an error in OpenAI's shape.
    func respond(_ error: OpenAIError, retryAfterSeconds: Int? = nil) {
        var headers = [("content-type", "application/json")]
        if let retryAfterSeconds { headers.append(("retry-after", "\(retryAfterSeconds)")) }
        var body = ByteBuffer()
        error.writeBody(into: &body)
        respond(status: error.status, headers: headers, body: body)
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
