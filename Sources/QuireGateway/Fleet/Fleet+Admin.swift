extension Fleet {
    /// Takes what was seen of an upstream outside of requests.
    package mutating func report(
        _ id: UpstreamID,
        _ report: HealthReport,
        now: UInt64
    ) -> [Grant] {
        guard let row = row(of: id), let before = upstreams[row] else { return [] }
        let condition = before.condition(at: now, configuration)
        switch report {
        case .check(let isUp):
            upstreams[row]?.active.takeCheck(isUp: isUp, at: now, configuration.activeHealth)
        case .progress(let isStuck):
            upstreams[row]?.active.takeProgress(isStuck: isStuck, at: now)
        case .load(let load):
            upstreams[row]?.load = load
            upstreams[row]?.loadAt = now
            upstreams[row]?.inFlightAtLoad = before.inFlight
        case .models(let models):
            let bounded = Array(models.prefix(Self.maxDiscoveredModels))
            guard bounded != before.discoveredModels else { return [] }
            upstreams[row]?.discoveredModels = bounded
            if before.configuration.models.isEmpty { rebuildGroups() }
        }
        let after = upstreams[row]?.condition(at: now, configuration)
        if condition == .dead, after != .dead {
            // It was down and is up: what was seen of it before is no reason to wait on.
            upstreams[row]?.breaker.endWait()
            upstreams[row]?.passive.endWait()
            upstreams[row]?.startRamp(at: now)
        }
        if condition == .healthy, after == .dead { upstreams[row]?.totals.ejections += 1 }
        return grantWaiters(now: now)
    }

    /// Whether it has asked, by Retry-After, to be left alone for a while.
    package func isOverloaded(_ id: UpstreamID, now: UInt64) -> Bool {
        row(of: id).flatMap { upstreams[$0]?.overloadedUntil }.map { $0 > now } ?? false
    }

    /// More models than this an instance cannot make us remember.
    static let maxDiscoveredModels = 1024

    /// Takes no new requests; what runs goes on.
    ///
    /// False: unknown upstream.
    @discardableResult
    package mutating func drain(_ id: UpstreamID) -> Bool {
        guard let row = row(of: id) else { return false }
        upstreams[row]?.isDraining = true
        return true
    }

    /// Takes it out until `undrain`, whatever its health: the operator's word, which holds even for
    /// the last one.
    ///
    /// The driver may also cut what runs.
    @discardableResult
    package mutating func eject(_ id: UpstreamID) -> Bool {
        guard let row = row(of: id) else { return false }
        if upstreams[row]?.isEjected == false { upstreams[row]?.totals.ejections += 1 }
        upstreams[row]?.isEjected = true
        return true
    }

    /// Takes requests again, after `drain` or `eject`, by slow start.
    package mutating func undrain(_ id: UpstreamID, now: UInt64) -> [Grant] {
        guard let row = row(of: id), let upstream = upstreams[row],
            upstream.isDraining || upstream.isEjected
        else { return [] }
        upstreams[row]?.isDraining = false
        upstreams[row]?.isEjected = false
        upstreams[row]?.startRamp(at: now)
        return grantWaiters(now: now)
    }

    /// A weight by hand, until a reload brings another one.
    ///
    /// 0 takes no new requests.
    package mutating func setWeight(_ id: UpstreamID, _ weight: Int, now: UInt64) -> [Grant] {
        guard let row = row(of: id) else { return [] }
        upstreams[row]?.weight = min(max(0, weight), 1_000_000)
        return grantWaiters(now: now)
    }

    /// Takes a new configuration without touching what runs.
    ///
    /// An upstream with the same name and address keeps its row, identifier and all that was
    /// learnt. One that is gone takes no new requests, and its attempts end as ever.
    package mutating func reload(_ next: FleetConfiguration, now: UInt64) -> [Grant] {
        if next.prefixAffinity.tableBytes != configuration.prefixAffinity.tableBytes {
            context.prefixTable = PrefixTable(bytes: next.prefixAffinity.tableBytes)
        }
        configuration = next
        var rows: [UpstreamKey: Int] = [:]
        for row in upstreams.indices {
            guard let upstream = upstreams[row] else { continue }
            rows[UpstreamKey(upstream.configuration)] = row
            upstreams[row]?.isRetired = true
        }
        for upstream in next.upstreams {
            if let row = rows.removeValue(forKey: UpstreamKey(upstream)) {
                upstreams[row]?.reconfigure(upstream, in: next)
            } else {
                let row = insert(upstream)
                upstreams[row]?.startRamp(at: now)
            }
        }
        for row in upstreams.indices {
            if let upstream = upstreams[row], upstream.isRetired, upstream.inFlight == 0 {
                upstreams[row] = nil
            }
        }
        rebuildGroups()
        return grantWaiters(now: now)
    }

    /// What makes an upstream the same one over a reload.
    private struct UpstreamKey: Hashable {
        let name: String
        let endpoint: UpstreamEndpoint

        init(_ configuration: UpstreamConfiguration) {
            name = configuration.name
            endpoint = configuration.endpoint
        }
    }
}
