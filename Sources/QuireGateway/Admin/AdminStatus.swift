import QuireJSON
import Synchronization

/// The state of a gateway as JSON, for `GET /admin/status`.
enum AdminStatus {
    static func json(_ core: GatewayCore, _ reloads: ConfigurationReloads.State) -> JSON {
        let policy = core.configuration.withLock { $0.fleet.policy }
        // One call, so that the parts agree.
        let (upstreams, groups, counts) = core.withFleet { fleet, now in
            (
                fleet.status(now: now), fleet.groupStatus(),
                (fleet.inFlightCount, fleet.waitingCount, fleet.retryBalance)
            )
        }
        let names = Dictionary(
            upstreams.map { ($0.id, $0.name) },
            uniquingKeysWith: { first, _ in first }
        )
        return .object([
            "policy": .string(policy.rawValue),
            "in_flight": .int(counts.0),
            "waiting": .int(counts.1),
            "retry_balance": .double(counts.2),
            "upstreams": .array(upstreams.map { json($0) }),
            "groups": .array(groups.map { json($0, names) }),
            "configuration": .object([
                "reloads": .int(reloads.accepted),
                "refused": .int(reloads.refused),
                "last_refusal": reloads.lastRefusal.map { .string($0) } ?? .null,
            ]),
        ])
    }

    static func json(_ status: UpstreamStatus) -> JSON {
        .object([
            "name": .string(status.name),
            "url": .string("\(status.endpoint)"),
            "state": .string(state(status)),
            "healthy": .bool(status.isHealthy),
            "draining": .bool(status.isDraining),
            "ejected": .bool(status.isEjectedByOperator),
            "breaker": .string(status.breaker.rawValue),
            "passive": .string(status.passive.rawValue),
            "weight": .int(status.weight),
            "share": .double(status.share),
            "priority": .int(status.priority),
            "in_flight": .int(status.inFlight),
            "max_concurrent_calls": .int(status.inFlightMax),
            "latency_seconds": status.latency.map { .double($0 / 1e9) } ?? .null,
            "overloaded": .bool(status.overloadedUntil != nil),
            "models": status.models.map { .array($0.map { .string($0) }) } ?? .null,
            "totals": json(status.totals),
        ])
    }

    /// One word for the whole.
    private static func state(_ status: UpstreamStatus) -> String {
        if status.isRetired { return "retired" }
        if status.isEjectedByOperator { return "ejected" }
        if status.isDraining { return "draining" }
        if status.weight == 0 { return "weightless" }
        return status.isHealthy ? "up" : "down"
    }

    private static func json(_ totals: UpstreamTotals) -> JSON {
        let counts: [(String, UInt64)] = [
            ("attempts", totals.attempts), ("successes", totals.successes),
            ("client_errors", totals.clientErrors), ("overloads", totals.overloads),
            ("server_errors", totals.serverErrors),
            ("connect_failures", totals.connectFailures), ("timeouts", totals.timeouts),
            ("cuts", totals.cuts), ("cancellations", totals.cancellations),
            ("ejections", totals.ejections),
        ]
        return .object(
            JSONObject(
                uniqueMembers: counts.map { .init(key: $0.0, value: .int(Int(clamping: $0.1))) }
            )
        )
    }

    private static func json(_ group: GroupStatus, _ names: [UpstreamID: String]) -> JSON {
        .object([
            "model": group.model.map { .string($0) } ?? .null,
            "policy": .string(group.policy.rawValue),
            "waiting": .int(group.waiting),
            "upstreams": .array(group.upstreams.compactMap { names[$0].map { .string($0) } }),
        ])
    }
}
