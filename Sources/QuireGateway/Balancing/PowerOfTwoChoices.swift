/// Of two drawn at random, the one where a request would be answered sooner: mean latency times
/// those in flight.
///
/// Two instead of all, so that many gateways with the same view do not all run to the same one.
package struct PowerOfTwoChoices: BalancingPolicy {
    package init() {}

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        guard candidates.count > 1 else { return 0 }
        let first = Int.random(in: 0..<candidates.count, using: &context.generator)
        var second = Int.random(in: 0..<candidates.count - 1, using: &context.generator)
        if second >= first { second += 1 }
        return cost(candidates[second]) < cost(candidates[first]) ? second : first
    }

    private func cost(_ candidate: Candidate) -> Double {
        candidate.latency * Double(candidate.inFlight + 1) / candidate.weight
    }
}
