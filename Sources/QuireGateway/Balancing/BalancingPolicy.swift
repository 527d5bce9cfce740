/// How one of several upstreams that could take a request is chosen.
///
/// A value per model group. Who may not be sent to (unhealthy, full, drained, already tried) was
/// taken out before; the candidates are of one priority tier.
package protocol BalancingPolicy: Sendable {
    /// The place in `candidates` (never empty) of the chosen one.
    mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int
}

/// An upstream as a policy sees it: its state at this moment.
package struct Candidate: Sendable {
    /// Its place in the group, as long as the group's members are the same.
    package var member: Int
    /// Its place in the fleet's table.
    package var upstream: Int
    /// Hash of its name and address: the same in every process.
    package var identity: UInt64
    /// Names it in the prefix table.
    package var tag: UInt16
    /// As configured, times its share while it is brought up; above 0.
    package var weight: Double
    package var inFlight: Int
    /// Tokens of prompts that were sent and have no first byte yet, less what it had cached.
    package var queuedTokens: Int
    /// Time to first byte.
    var latency: PeakEWMA
    /// What it said of its own load, while that is fresh.
    package var load: UpstreamLoad?
    /// How many more are in flight than when it said so.
    package var inFlightSinceLoad: Int
}

/// What policies share: randomness, and what the fleet remembers of prompts.
package struct BalancingContext: Sendable {
    package var generator: SplitMix64
    package var prefixTable: PrefixTable
    package var now: UInt64 = 0
    /// Keeps prompts of different models apart in the prefix table.
    package var salt: UInt64 = 0
    /// Set by a policy that knows: how much of the prompt the chosen one must compute.
    package var uncachedTokens: Int?

    package init(seed: UInt64, tableBytes: Int) {
        generator = SplitMix64(seed: seed)
        prefixTable = PrefixTable(bytes: tableBytes)
    }
}

extension PolicyKind {
    func makePolicy(
        memberCount: Int,
        _ configuration: FleetConfiguration
    ) -> any BalancingPolicy {
        switch self {
        case .leastConnections: LeastConnections()
        case .roundRobin: SmoothRoundRobin(memberCount: memberCount)
        case .powerOfTwoChoices: PowerOfTwoChoices(configuration.latency)
        case .random: RandomChoice()
        case .sticky: StickyChoice()
        case .prefixAffinity:
            PrefixAffinity(configuration.prefixAffinity, memberCount: memberCount)
        case .scored: ScoredChoice()
        }
    }
}
