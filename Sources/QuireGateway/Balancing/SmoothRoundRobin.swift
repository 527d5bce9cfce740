/// nginx's smooth weighted round robin: each pick raises all by their weight and lowers the
/// chosen one by the sum, so 5 : 1 : 1 comes as a a b a c a a.
package struct SmoothRoundRobin: BalancingPolicy {
    /// By member.
    private var currentWeights: [Double]

    package init(memberCount: Int) {
        currentWeights = Array(repeating: 0, count: memberCount)
    }

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        var best = 0
        var bestWeight = -Double.infinity
        var sum = 0.0
        for (place, candidate) in candidates.enumerated() {
            sum += candidate.weight
            currentWeights[candidate.member] += candidate.weight
            if currentWeights[candidate.member] > bestWeight {
                best = place
                bestWeight = currentWeights[candidate.member]
            }
        }
        currentWeights[candidates[best].member] -= sum
        return best
    }
}
