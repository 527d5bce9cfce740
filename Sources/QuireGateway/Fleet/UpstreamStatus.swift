/// An upstream as the admin and the metrics see it.
package struct UpstreamStatus: Sendable {
    package let id: UpstreamID
    package let name: String
    package let endpoint: UpstreamEndpoint
    package let weight: Int
    package let priority: Int
    /// Its share of its weight, below 1 while it is brought up.
    package let share: Double
    package let isDraining: Bool
    package let isEjectedByOperator: Bool
    /// Removed by a reload, with attempts that still run.
    package let isRetired: Bool
    /// Whether breaker, failures and checks would let a request through.
    package let isHealthy: Bool
    package let isDead: Bool
    package let breaker: CircuitBreaker.State
    package let passive: PassiveHealth.Phase
    package let inFlight: Int
    package let inFlightMax: Int
    /// Nanoseconds; `nil` before the first answer.
    package let latency: Double?
    package let load: UpstreamLoad?
    package let overloadedUntil: UInt64?
    /// `nil`: not known.
    package let models: [String]?
    package let totals: UpstreamTotals
}

/// A group as the admin and the metrics see it.
package struct GroupStatus: Sendable {
    /// `nil`: requests without a model, or of one that nobody lists.
    package let model: String?
    package let policy: PolicyKind
    package let upstreams: [UpstreamID]
    package let waiting: Int
}

extension Fleet {
    package func status(now: UInt64) -> [UpstreamStatus] {
        upstreams.indices.compactMap { row in
            upstreams[row].map { status(of: $0, row: row, now: now) }
        }
    }

    package func groupStatus() -> [GroupStatus] {
        groups.map { group in
            GroupStatus(
                model: group.model,
                policy: group.policyKind,
                upstreams: group.members.map { id(ofRow: $0) },
                waiting: group.waiterCount
            )
        }
    }

    /// The models clients may ask for, aliases too, by name.
    package var models: [String] { groupOfModel.keys.sorted() }

    /// Attempts that run.
    package var inFlightCount: Int { attempts.count }

    /// Requests that wait for a slot.
    package var waitingCount: Int { groups.reduce(0) { $0 + $1.waiterCount } }

    /// Retries that could be made now.
    package var retryBalance: Double { retryBudget.balance }

    private func status(of upstream: Upstream, row: Int, now: UInt64) -> UpstreamStatus {
        let condition = upstream.condition(at: now, configuration)
        return UpstreamStatus(
            id: id(ofRow: row),
            name: upstream.configuration.name,
            endpoint: upstream.configuration.endpoint,
            weight: upstream.weight,
            priority: upstream.configuration.priority,
            share: upstream.share(at: now, configuration.slowStart),
            isDraining: upstream.isDraining,
            isEjectedByOperator: upstream.isEjected,
            isRetired: upstream.isRetired,
            isHealthy: condition == .healthy,
            isDead: condition == .dead,
            breaker: upstream.breaker.state,
            passive: upstream.passive.phase,
            inFlight: upstream.inFlight,
            inFlightMax: upstream.inFlightMax,
            latency: upstream.latency.mean,
            load: upstream.load,
            overloadedUntil: upstream.overloadedUntil > now ? upstream.overloadedUntil : nil,
            models: upstream.servedModels,
            totals: upstream.totals
        )
    }
}
