/// A follow-up goes where its conversation's KV is cached, unless that costs more than it saves.
///
/// Everything is in one unit, tokens that must be computed before the first answer comes:
///
///     score = tokens of the prompt that are not cached there
///           + tokens of prompts that wait there
///           + requests in flight there × what one weighs
///           + what it was given lately beyond its share
///
/// and the lowest wins. The load is bounded besides: who has more in flight than its share
/// allows is passed over. The last term is what keeps a fleet even when it has little to do and
/// the first three are all nearly 0: without it whoever answered first keeps all conversations.
package struct PrefixAffinity: BalancingPolicy {
    private let configuration: PrefixAffinityConfiguration
    /// By candidate: how many of the request's blocks it has.
    ///
    /// Kept to save an allocation.
    private var depths: [Int] = []
    /// By member: requests given lately, per weight, losing half their say in each half-life.
    private var given: [Double]
    private var givenAt: UInt64 = 0

    package init(_ configuration: PrefixAffinityConfiguration, memberCount: Int) {
        self.configuration = configuration
        given = Array(repeating: 0, count: memberCount)
    }

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        forget(until: context.now)
        let keys = request.prefixKeys.prefix(Self.maxKeys)
        findDepths(candidates, keys, context)
        let limit = loadLimit(candidates)
        let leastGiven = candidates.reduce(Double.infinity) { min($0, given[$1.member]) }
        var best = 0
        var bestScore = (true, Double.infinity)
        for (place, candidate) in candidates.enumerated() {
            let missing = 1 - Double(depths[place]) / Double(max(1, keys.count))
            let queued = Double(candidate.queuedTokens)
            let running = Double(candidate.inFlight * configuration.tokensPerRequest)
            let ahead = given[candidate.member] - leastGiven
            let score =
                Double(request.promptTokens) * missing
                + (queued + running) / candidate.weight
                + ahead * Double(configuration.tokensPerRequestAhead)
            let isOver = Double(candidate.inFlight + 1) / candidate.weight > limit
            if !isOver && bestScore.0 || isOver == bestScore.0 && score < bestScore.1 {
                best = place
                bestScore = (isOver, score)
            }
        }
        let chosen = candidates[best]
        given[chosen.member] += 1 / chosen.weight
        let cached = request.promptTokens * depths[best] / max(1, keys.count)
        context.uncachedTokens = max(0, request.promptTokens - cached)
        context.prefixTable.remember(request.prefixKeys, salt: context.salt, tag: chosen.tag)
        return best
    }

    /// Blocks of one prompt that are looked up at the most.
    private static let maxKeys = 512

    /// How deep into the prompt each candidate's cache reaches: from the longest prefix down,
    /// until all are found.
    private mutating func findDepths(
        _ candidates: [Candidate],
        _ keys: ArraySlice<UInt64>,
        _ context: BalancingContext
    ) {
        depths.removeAll(keepingCapacity: true)
        depths.append(contentsOf: repeatElement(0, count: candidates.count))
        var missingCount = candidates.count
        for (index, key) in zip(keys.indices, keys).reversed() {
            let holders = context.prefixTable.holders(of: key ^ context.salt)
            if holders == 0 { continue }
            for place in candidates.indices where depths[place] == 0 {
                guard PrefixTable.contains(holders, candidates[place].tag) else { continue }
                depths[place] = index + 1
                missingCount -= 1
            }
            if missingCount == 0 { return }
        }
    }

    /// In flight per weight that nobody should pass: the mean with this one, and some.
    private func loadLimit(_ candidates: [Candidate]) -> Double {
        var inFlight = 1
        var weight = 0.0
        for candidate in candidates {
            inFlight += candidate.inFlight
            weight += candidate.weight
        }
        let mean = Double(inFlight) / max(weight, .leastNonzeroMagnitude)
        return max(mean * max(1, configuration.maxLoadFactor), mean + Self.slack)
    }

    /// With few in flight a factor alone would forbid two at one place.
    private static let slack = 2.0

    private mutating func forget(until now: UInt64) {
        defer { givenAt = max(now, givenAt) }
        guard now > givenAt else { return }
        let halves = Double(now - givenAt) / Double(configuration.halfLife.clampedNanoseconds + 1)
        let kept = halves > 60 ? 0 : exponential(-0.693_147 * halves)
        for member in given.indices { given[member] *= kept }
    }
}
