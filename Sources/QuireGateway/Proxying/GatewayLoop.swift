import NIOCore
import QuireHTTP

/// What the gateway holds per event loop: connections to the upstreams, and requests under way.
///
/// Confined to its event loop. Time limits cost nothing per request: a request notes when it is
/// due, and one task per loop looks at all of them, while there are any.
final class GatewayLoop: @unchecked Sendable {
    // Sendable by confinement: every entry point checks that it runs on `eventLoop`.
    let eventLoop: any EventLoop
    let core: GatewayCore
    var metrics: GatewayMetrics { core.metrics }
    /// For the identities of requests.
    var random = RandomWords()
    private var connections: [ServerAddress: ServerConnections] = [:]
    /// What was found for each row of the fleet: a look-up by strings costs 800 instructions.
    private var routes: [UpstreamRoute?] = []
    private var exchanges: [ProxyExchange] = []
    private var isSweeping = false

    /// Time limits are late by no more than this.
    private static let tick = TimeAmount.milliseconds(50)
    /// Addresses whose connections are kept, so that changing lists of upstreams leave none behind.
    private static let maxAddresses = 4096

    init(eventLoop: any EventLoop, core: GatewayCore) {
        self.eventLoop = eventLoop
        self.core = core
    }

    /// Connections and series of the upstream that an attempt goes to; new ones where a reload has
    /// changed the limits.
    func route(of attempt: Attempt, _ limits: ServerConnections.Limits) -> UpstreamRoute {
        let index = attempt.upstream.index
        if index < routes.count, let known = routes[index], known.target === attempt.target,
            known.connections.limits == limits
        {
            return known
        }
        let made = UpstreamRoute(
            target: attempt.target,
            connections: connections(to: attempt.target.address, limits),
            metrics: core.metrics.upstream(attempt.target.configuration.name)
        )
        while routes.count <= index { routes.append(nil) }
        routes[index] = made
        return made
    }

    /// The connections to an address.
    private func connections(
        to address: ServerAddress,
        _ limits: ServerConnections.Limits
    ) -> ServerConnections {
        eventLoop.preconditionInEventLoop()
        if let known = connections[address] {
            if known.limits == limits { return known }
            known.closeFree()
        }
        if connections.count >= Self.maxAddresses {
            for known in connections.values { known.closeFree() }
            connections = [:]
            routes = []
        }
        let made = ServerConnections(address: address, eventLoop: eventLoop, limits: limits)
        connections[address] = made
        return made
    }

    /// Closes the connections that nothing is under way on.
    func closeFree() {
        for known in connections.values { known.closeFree() }
    }

    // MARK: - Requests under way

    func add(_ exchange: ProxyExchange) {
        exchange.index = exchanges.count
        exchanges.append(exchange)
        if !isSweeping { scheduleSweep() }
    }

    func remove(_ exchange: ProxyExchange) {
        let index = exchange.index
        guard index >= 0, index < exchanges.count else { return }
        exchanges.swapAt(index, exchanges.count - 1)
        exchanges[index].index = index
        exchanges.removeLast()
        exchange.index = -1
    }

    private func scheduleSweep() {
        isSweeping = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.tick) { self.sweep() }
    }

    private func sweep() {
        let now = NIODeadline.now()
        // Backwards, since a request that ends is replaced by the last one.
        var index = exchanges.count - 1
        while index >= 0 {
            if index < exchanges.count, exchanges[index].deadline <= now {
                exchanges[index].deadlinePassed()
            }
            index -= 1
        }
        if exchanges.isEmpty {
            isSweeping = false
        } else {
            scheduleSweep()
        }
    }
}

/// What a loop keeps of an upstream, as long as its target is the same.
struct UpstreamRoute {
    let target: UpstreamTarget
    let connections: ServerConnections
    let metrics: UpstreamMetrics
}
