import NIOCore
import QuireEngine
import QuireHTTP
import QuireOpenAI
import QuireTelemetry

/// `GET /health` and `/ping`: 200 while the engine makes progress.
///
/// An engine that computes nothing because nobody asks is healthy; one whose step has begun and
/// does not end is not, whatever its threads say of themselves.
struct HealthEndpoint: Endpoint {
    let engine: Engine
    let stallNanoseconds: UInt64

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        let status = engine.status
        if status.isDraining {
            stream.respond(.serviceUnavailable("The engine is shutting down or has ended."))
        } else if let age = status.stepAgeNanoseconds, age > stallNanoseconds {
            stream.respond(
                .serviceUnavailable(
                    "The engine is stalled: its step began \(age / 1_000_000_000) seconds ago."
                )
            )
        } else {
            stream.respond(status: 200)
        }
    }
}

/// `GET /metrics`: every series in Prometheus' text format.
struct MetricsEndpoint: Endpoint {
    let registry: MetricsRegistry

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        stream.respond(
            status: 200,
            headers: [("content-type", "text/plain; version=0.0.4; charset=utf-8")],
            body: ByteBuffer(string: registry.exposition())
        )
    }
}

/// `GET /version`.
struct VersionEndpoint: Endpoint {
    let version: String

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        stream.respondJSON { VersionResponse(version: version).write(into: &$0) }
    }
}
