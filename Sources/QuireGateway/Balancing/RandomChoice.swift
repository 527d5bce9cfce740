/// One at random, in proportion to the weights.
package struct RandomChoice: BalancingPolicy {
    package init() {}

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        let sum = candidates.reduce(0) { $0 + $1.weight }
        var rest = context.generator.unit() * sum
        for (place, candidate) in candidates.enumerated() {
            rest -= candidate.weight
            if rest < 0 { return place }
        }
        return candidates.count - 1
    }
}
