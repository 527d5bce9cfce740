/// The same user or session to the same upstream, by rendezvous hashing: when one leaves, only its
/// own are moved, and every gateway agrees without talking.
///
/// Without a key: least connections.
package struct StickyChoice: BalancingPolicy {
    private var fallback = LeastConnections()

    package init() {}

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        guard let key = request.stickyKey else {
            return fallback.choose(from: candidates, request, &context)
        }
        var best = 0
        var bestScore = -Double.infinity
        for (place, candidate) in candidates.enumerated() {
            let score = Self.score(key, candidate.identity, weight: candidate.weight)
            if score > bestScore {
                best = place
                bestScore = score
            }
        }
        return best
    }

    /// Weighted rendezvous: -weight / ln(u), u in (0, 1) from the hash of the pair.
    static func score(_ key: UInt64, _ identity: UInt64, weight: Double) -> Double {
        let bits = SplitMix64.mix(key ^ SplitMix64.mix(identity))
        let unit = (Double(bits >> 11) + 0.5) * 0x1p-53
        return -weight / logarithm(unit)
    }
}
