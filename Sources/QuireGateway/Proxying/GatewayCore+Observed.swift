import NIOCore
import QuireTelemetry
import Synchronization

/// What was learnt of the upstreams beside their requests.
struct ObservedFleet: Sendable {
    var metrics: FleetMetrics
    /// By upstream name.
    var models: [String: [DiscoveredModel]] = [:]
    /// What engines said of themselves last, by upstream name.
    var loads: [String: EngineLoad] = [:]
    /// Upstreams whose engine is known to continue a text (`continue_final_message`).
    var resumable: Set<UpstreamID> = []
    /// Addresses of host names.
    var addresses: [String: [String]] = [:]
    var changed: @Sendable () -> Void = {}
    /// Asks soon how an upstream is.
    var suspect: @Sendable (UpstreamID) -> Void = { _ in }
}

extension GatewayCore {
    /// Engines that continue a text, by what their model list says who owns the models.
    private static let resumingEngines: Set<String> = ["quire", "vllm"]

    /// Whether clients bring keys of the gateway's own.
    var hasKeys: Bool { configuration.withLock { !$0.apiKeys.isEmpty } }

    /// Calls `body` after each change of the upstreams, instead of what was called before.
    func onChange(_ body: @escaping @Sendable () -> Void) {
        observed.withLock { $0.changed = body }
    }

    /// Whether the upstream continues a text: as it was configured, or as it was found to be.
    func canResume(_ upstream: UpstreamID) -> Bool {
        let isKnown = observed.withLock { $0.resumable.contains(upstream) }
        return withFleet { fleet, _ in
            fleet.configuration(of: upstream).map { $0.canResume ?? isKnown } ?? false
        }
    }

    /// Calls `body` with each upstream that a request could not reach, or that broke off.
    func onSuspicion(_ body: @escaping @Sendable (UpstreamID) -> Void) {
        observed.withLock { $0.suspect = body }
    }

    /// A request to the upstream came to nothing: it is checked at once.
    func suspect(_ upstream: UpstreamID) {
        observed.withLock { $0.suspect }(upstream)
    }

    /// Takes an upstream's metrics, or that they could not be had.
    func takeScrape(of id: UpstreamID, _ body: [UInt8]?, now: UInt64) {
        guard let name = name(of: id) else { return }
        let exposition = body.map { Exposition(parsing: $0) }
        let load = exposition.flatMap { EngineLoad($0) }
        let loads = observed.withLock { observed in
            if let exposition {
                observed.metrics.scraped(name, exposition, now: now)
            } else {
                observed.metrics.failed(name)
            }
            observed.loads[name] = load
            return Array(observed.loads.values)
        }
        metrics.setFleet(loads)
    }

    /// Takes an upstream's list of models.
    func takeModels(of id: UpstreamID, _ models: [DiscoveredModel]) {
        guard let name = name(of: id) else { return }
        let resumes = models.contains { Self.resumingEngines.contains($0.ownedBy ?? "") }
        observed.withLock { observed in
            observed.models[name] = models
            if resumes {
                observed.resumable.insert(id)
            } else {
                observed.resumable.remove(id)
            }
        }
    }

    /// Takes the addresses of the upstreams' host names: each address is an upstream of its own.
    func setAddresses(_ addresses: [String: [String]]) {
        observed.withLock { $0.addresses = addresses }
        reload(configuration.withLock { $0 })
    }

    /// The configuration's upstreams with names that have several addresses spread out.
    func expanded(_ fleet: FleetConfiguration) -> FleetConfiguration {
        var expanded = fleet
        let addresses = observed.withLock { $0.addresses }
        expanded.upstreams = NameTable.expand(fleet.upstreams, addresses)
        return expanded
    }

    /// The upstreams have changed: series of those that are gone go, and the observer follows.
    func noteUpstreams() {
        let known = withFleet { fleet, now in
            fleet.status(now: now).filter { !$0.isRetired }.map { ($0.name, $0.id) }
        }
        let names = known.map(\.0)
        let ids = Set(known.map(\.1))
        metrics.keepUpstreams(Set(names))
        let changed = observed.withLock { observed in
            observed.metrics.configure(names, models: observed.models.mapValues { $0.map(\.id) })
            observed.loads = observed.loads.filter { names.contains($0.key) }
            observed.models = observed.models.filter { names.contains($0.key) }
            observed.resumable = observed.resumable.intersection(ids)
            return observed.changed
        }
        changed()
    }

    /// The models that clients may ask for.
    func modelList(created: Int) -> ModelList {
        let fleet = expanded(configuration.withLock { $0.fleet })
        return ModelList(fleet, discovered: observed.withLock { $0.models }, created: created)
    }

    /// Every instance's series and the fleet's.
    func renderFleet(_ contents: FleetMetrics.Contents) -> ByteBuffer {
        let now = Self.now
        var text: [UInt8] = []
        observed.withLock { $0.metrics.render(into: &text, contents: contents, now: now) }
        return ByteBuffer(bytes: text)
    }

    private func name(of id: UpstreamID) -> String? {
        withFleet { fleet, _ in fleet.configuration(of: id)?.name }
    }
}
