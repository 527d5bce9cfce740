/// Of two drawn at random, the one where a request would be answered sooner: mean latency times
/// those in flight.
///
/// Two instead of all, so that many gateways with the same view do not all run to the same one.
package struct PowerOfTwoChoices: BalancingPolicy {
    private let decay: Duration

    package init(_ configuration: LatencyConfiguration) {
        decay = configuration.decay
    }

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        guard candidates.count > 1 else { return 0 }
        let first = Int.random(in: 0..<candidates.count, using: &context.generator)
        var second = Int.random(in: 0..<candidates.count - 1, using: &context.generator)
        if second >= first { second += 1 }
        let firstLatency = candidates[first].latency.fadedMean(at: context.now, decay: decay)
        let secondLatency = candidates[second].latency.fadedMean(at: context.now, decay: decay)
        // One that has not answered yet is taken to be as fast as the other, so that it is tried.
        let firstCost = cost(candidates[first], firstLatency ?? secondLatency)
        let secondCost = cost(candidates[second], secondLatency ?? firstLatency)
        return secondCost < firstCost ? second : first
    }

    private func cost(_ candidate: Candidate, _ latency: Double?) -> Double {
        (latency ?? 1) * Double(candidate.inFlight + 1) / candidate.weight
    }
}
