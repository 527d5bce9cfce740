package import QuireTelemetry
import Synchronization

/// The handles of one upstream.
///
/// Made when it is configured; any thread.
package final class UpstreamMetrics: Sendable {
    /// Nil for requests that no upstream answered; their series say `none`.
    package let name: String?
    let attempts: Counter
    package let inFlight: Gauge
    let firstByteSeconds: Histogram
    /// Bytes of bodies; one addition per chunk.
    package let bytesUp: Counter
    package let bytesDown: Counter
    let failures: [Counter]
    private let ejections: [Counter]
    private let breaker: Gauge
    private let transitions: [Counter]
    private let up: Gauge
    private let draining: Gauge
    private let weight: Gauge
    private let families: GatewayFamilies
    /// The routes made so far, a list that only grows: an upstream serves a handful of models,
    /// and `modelsMax` bounds it.
    private let firstRoute = AtomicLazyReference<RouteMetrics>()

    init(_ name: String?, _ families: GatewayFamilies) {
        self.name = name
        self.families = families
        guard let name else {
            // Nothing is sent to no upstream: handles that no series shows.
            (attempts, bytesUp, bytesDown) = (Counter(), Counter(), Counter())
            (inFlight, breaker, up, draining, weight) = (
                Gauge(), Gauge(), Gauge(), Gauge(), Gauge()
            )
            firstByteSeconds = Histogram(bounds: [])
            failures = AttemptFailure.allCases.map { _ in Counter() }
            ejections = EjectionReason.allCases.map { _ in Counter() }
            transitions = BreakerPhase.allCases.map { _ in Counter() }
            return
        }
        attempts = families.attempts.handle([name])
        inFlight = families.inFlight.handle([name])
        firstByteSeconds = families.firstByteSeconds.handle([name])
        bytesUp = families.bytes.handle([name, "up"])
        bytesDown = families.bytes.handle([name, "down"])
        failures = AttemptFailure.allCases.map { families.failures.handle([name, $0.rawValue]) }
        ejections = EjectionReason.allCases.map { families.ejections.handle([name, $0.rawValue]) }
        breaker = families.breakerState.handle([name])
        transitions = BreakerPhase.allCases.map {
            families.breakerTransitions.handle([name, $0.rawValue])
        }
        up = families.up.handle([name])
        draining = families.draining.handle([name])
        weight = families.weight.handle([name])
    }

    /// The handles of a model at this upstream.
    ///
    /// Costs a walk over the few models seen here, no lock; the first request of a model makes its
    /// series.
    package func route(_ model: ModelMetrics) -> RouteMetrics {
        if let found = firstRoute.load() {
            var route = found
            while true {
                if route.model === model { return route }
                if let next = route.next.load() {
                    route = next
                } else {
                    // Who comes second takes what the first has put there, and looks on.
                    let made = RouteMetrics(model, name ?? "none", families)
                    route = route.next.storeIfNil(made)
                }
            }
        }
        let stored = firstRoute.storeIfNil(RouteMetrics(model, name ?? "none", families))
        return stored.model === model ? stored : route(model)
    }

    package func ejected(_ reason: EjectionReason) { ejections[reason.index].increment() }

    /// The breaker came to another state.
    package func breakerCame(to phase: BreakerPhase) {
        breaker.set(Double(phase.index))
        transitions[phase.index].increment()
    }

    /// What the fleet knows of it; set when it changes, or before the series are read.
    package func set(isUp: Bool, isDraining: Bool, weight: Double, breaker phase: BreakerPhase) {
        up.set(isUp ? 1 : 0)
        draining.set(isDraining ? 1 : 0)
        self.weight.set(weight)
        breaker.set(Double(phase.index))
    }
}

/// The handles of one model.
///
/// Made when its name is first seen; any thread.
package final class ModelMetrics: Sendable {
    package let name: String
    let durationSeconds: Histogram

    init(_ name: String, _ families: GatewayFamilies) {
        self.name = name
        durationSeconds = families.durationSeconds.handle([name])
    }
}

/// The handles of one model at one upstream: what a request keeps.
package final class RouteMetrics: Sendable {
    package let model: ModelMetrics
    package let promptTokens: Counter
    package let completionTokens: Counter
    /// By status class, 1xx to 5xx.
    private let requests: [Counter]
    let next = AtomicLazyReference<RouteMetrics>()

    init(_ model: ModelMetrics, _ upstream: String, _ families: GatewayFamilies) {
        self.model = model
        promptTokens = families.promptTokens.handle([model.name, upstream])
        completionTokens = families.completionTokens.handle([model.name, upstream])
        requests = ["1xx", "2xx", "3xx", "4xx", "5xx"].map {
            families.requests.handle([model.name, upstream, $0])
        }
    }

    func countRequest(status: Int) {
        requests[min(max(status / 100, 1), 5) - 1].increment()
    }
}

/// Why an attempt did not succeed.
package enum AttemptFailure: String, Sendable, CaseIterable {
    case connect, timeout, cut, overloaded, cancelled
    case serverError = "server_error"
    case clientError = "client_error"
}

/// Why another attempt was made.
package enum RetryReason: String, Sendable, CaseIterable {
    case connect, timeout, cut, overloaded
    case serverError = "server_error"
    /// A kept connection that the upstream had closed; nothing had been sent.
    case staleConnection = "stale_connection"
}

/// Why an upstream was taken out.
package enum EjectionReason: String, Sendable, CaseIterable {
    case failures, health, progress, latency, admin
}

/// A breaker's states, in the order of their numbers.
package enum BreakerPhase: String, Sendable, CaseIterable {
    case closed
    case halfOpen = "half_open"
    case open
}

extension CaseIterable where Self: Equatable, AllCases == [Self] {
    /// Place among the cases.
    ///
    /// A handful of them: a walk, no table.
    var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
