import NIOCore
import QuireHTTP
package import QuireTelemetry
import Synchronization

/// What all loops of a gateway share: the fleet behind a lock, and who waits for a slot of it.
///
/// Sendable. The lock is held for one call of the fleet and nothing else.
package final class GatewayCore: Sendable {
    /// A request that waits for a slot, known to the loop it lives on.
    typealias Waiter = NIOLoopBound<ProxyExchange>

    private struct State: ~Copyable {
        var fleet: Fleet
        var waiters: [Ticket: Waiter] = [:]
    }

    let configuration: Mutex<GatewayConfiguration>
    package let metrics: GatewayMetrics
    /// What `/metrics` shows.
    package let registry: MetricsRegistry
    private let state: Mutex<State>
    let observed: Mutex<ObservedFleet>

    /// Creates the fleet; with the same seed it picks the same.
    package init(_ configuration: GatewayConfiguration, seed: UInt64) {
        self.configuration = Mutex(configuration)
        var registry = MetricsRegistry()
        metrics = GatewayMetrics(&registry)
        self.registry = registry
        state = Mutex(State(fleet: Fleet(configuration.fleet, seed: seed)))
        let interval = configuration.scrape.interval.clampedNanoseconds
        observed = Mutex(
            ObservedFleet(
                metrics: FleetMetrics(
                    staleAfterNanoseconds: max(45_000_000_000, interval.saturatingMultiply(3))
                )
            )
        )
        noteUpstreams()
    }

    /// What holds for a request that begins now.
    func policy(unixTime: Int) -> RequestPolicy {
        configuration.withLock { configuration in
            RequestPolicy(
                limits: configuration.limits,
                connections: ServerConnections.Limits(configuration),
                maxAttempts: max(1, configuration.fleet.retry.maxAttempts),
                resumes: configuration.resumes,
                fallback: configuration.fallback.answer,
                unixTime: unixTime
            )
        }
    }

    /// Now, as the fleet counts time.
    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    /// One call of the fleet.
    package func withFleet<Result: Sendable>(
        _ body: (inout Fleet, UInt64) -> sending Result
    ) -> Result {
        let now = Self.now
        return state.withLock { body(&$0.fleet, now) }
    }

    /// One call of the fleet that may give slots to requests that wait; those go on on their loops.
    package func grant(_ body: (inout Fleet, UInt64) -> [Grant]) {
        let now = Self.now
        let granted = state.withLock { state -> [(Waiter, Attempt)] in
            body(&state.fleet, now).compactMap { grant in
                state.waiters.removeValue(forKey: grant.ticket).map { ($0, grant.attempt) }
            }
        }
        for (waiter, attempt) in granted {
            waiter.eventLoop.execute { waiter.value.granted(attempt) }
        }
    }

    /// Picks an upstream for a request; one that has to wait is known from here on.
    func pick(_ request: PickRequest, for exchange: NIOLoopBound<ProxyExchange>) -> Pick {
        let now = Self.now
        return state.withLock { state in
            let pick = state.fleet.pick(request, now: now)
            if case .queued(let ticket) = pick { state.waiters[ticket] = exchange }
            return pick
        }
    }

    /// Whether the upstream has asked to be left alone for a while.
    func isOverloaded(_ upstream: UpstreamID) -> Bool {
        withFleet { fleet, now in fleet.isOverloaded(upstream, now: now) }
    }

    /// A request has waited for too long: whether it is still without a slot.
    func expire(_ ticket: Ticket) -> Bool {
        let now = Self.now
        return state.withLock { state in
            guard state.fleet.expire(ticket, now: now) else { return false }
            state.waiters[ticket] = nil
            return true
        }
    }

    /// The client of a request that waits has left.
    func cancel(_ ticket: Ticket) {
        grant { fleet, now in fleet.cancel(ticket, now: now) }
        state.withLock { $0.waiters[ticket] = nil }
    }
}

extension ServerConnections.Limits {
    init(_ configuration: GatewayConfiguration) {
        self.init()
        connectTimeout = configuration.limits.connect
        maxFree = max(0, configuration.keepalive.connections)
        idleTimeout = .nanoseconds(
            Int64(clamping: configuration.keepalive.timeout.clampedNanoseconds)
        )
    }
}
