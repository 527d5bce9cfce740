/// The one with the fewest requests in flight for its weight; equals take turns.
///
/// It needs no latencies: a slow instance has more in flight and so gets less.
package struct LeastConnections: BalancingPolicy {
    /// Where the search begins, so that the first of equals is not always the same.
    private var cursor = 0

    package init() {}

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        var best = 0
        var bestLoad = Double.infinity
        var bestTurn = Int.max
        for (place, candidate) in candidates.enumerated() {
            let load = Double(candidate.inFlight + 1) / candidate.weight
            let turn = candidate.member >= cursor ? candidate.member : candidate.member + (1 << 32)
            if load < bestLoad || load == bestLoad && turn < bestTurn {
                best = place
                bestLoad = load
                bestTurn = turn
            }
        }
        cursor = candidates[best].member + 1
        return best
    }
}
