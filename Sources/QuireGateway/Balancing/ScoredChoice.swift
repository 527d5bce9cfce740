/// The least loaded by its own word: what it runs and queues, and how full its KV cache is, as
/// scraped, plus what was sent there since.
///
/// Sees the load that came by other ways; without fresh numbers it is least connections.
package struct ScoredChoice: BalancingPolicy {
    private var fallback = LeastConnections()

    package init() {}

    package mutating func choose(
        from candidates: [Candidate],
        _ request: PickRequest,
        _ context: inout BalancingContext
    ) -> Int {
        guard candidates.contains(where: { $0.load != nil }) else {
            return fallback.choose(from: candidates, request, &context)
        }
        var best = 0
        var bestScore = Double.infinity
        let first = Int.random(in: 0..<candidates.count, using: &context.generator)
        for offset in candidates.indices {
            let place = (first + offset) % candidates.count
            let score = Self.score(candidates[place])
            if score < bestScore {
                best = place
                bestScore = score
            }
        }
        return best
    }

    /// In requests: one that waits weighs four that run, and a cache that is nearly full, where
    /// the next ones preempt each other, up to doubles it all.
    static func score(_ candidate: Candidate) -> Double {
        guard let load = candidate.load else {
            return Double(candidate.inFlight + 1) / candidate.weight
        }
        let waiting = Double(max(0, load.waiting))
        let known = Double(max(0, load.running)) + waiting
        let inFlight = max(0, known + Double(candidate.inFlightSinceLoad))
        // Our own count is a lower bound of what is there.
        let running = max(inFlight, Double(candidate.inFlight))
        let pressure = 1 + min(1, max(0, load.kvUsage - 0.9) * 10)
        return (running + 3 * waiting + 1) * pressure / candidate.weight
    }
}
