/// A rule of the books that does not hold: a defect of ours.
package struct BrokenInvariant: Error, CustomStringConvertible {
    package let description: String

    /// Throws unless the rule holds.
    static func require(
        _ holds: Bool,
        _ rule: @autoclosure () -> String
    ) throws(BrokenInvariant) {
        if !holds { throw BrokenInvariant(description: "broken: " + rule()) }
    }
}

extension Scheduler {
    /// Throws unless the books balance.
    ///
    /// For tests, after every step. O(everything).
    func checkInvariants() throws(BrokenInvariant) {
        try cache.checkInvariants(tablesOf: running)
        func require(_ holds: Bool, _ rule: String) throws(BrokenInvariant) {
            try BrokenInvariant.require(holds, rule)
        }
        try require(running.count <= capacity.maxSequences, "running requests are bounded")
        try require(running.count + waiting.count == requestCount, "each is in one queue")
        try require(isOrdered(running), "running requests are in order")
        try require(isOrdered(Array(waiting.all)), "waiting requests are in order")
        for request in waiting.all {
            try require(request.blocks.count == 0, "a waiting request holds no blocks")
            try require(request.computedCount == 0, "a waiting request has nothing computed")
            try require(!request.hasEnded, "an ended request does not wait")
        }
        for request in running {
            try require(!request.hasEnded, "an ended request does not run")
            try require(request.remainingCount > 0, "a running request has tokens to compute")
            try require(request.tokens.count < request.maxTokenCount, "it has not reached its end")
            let room = request.blocks.count * capacity.blockSize
            try require(room >= request.computedCount, "computed tokens lie in blocks")
        }
    }

    private func isOrdered(_ requests: [ScheduledRequest]) -> Bool {
        zip(requests, requests.dropFirst()).allSatisfy { $0.precedes($1) }
    }
}

extension KVCacheManager {
    /// Throws unless free + used = all, a block's count is the number of tables it is in, and
    /// names and blocks agree.
    func checkInvariants(tablesOf requests: [ScheduledRequest]) throws(BrokenInvariant) {
        var counts = Array(repeating: 0, count: pool.blockCount)
        for request in requests {
            for id in request.blocks.ids { counts[Int(id)] += 1 }
        }
        var nameCount = 0
        for index in counts.indices {
            let block = BlockID(Int32(index))
            try BrokenInvariant.require(
                pool.referenceCount(of: block) == counts[index],
                "block \(index) has \(pool.referenceCount(of: block)) references"
                    + " and is in \(counts[index]) tables"
            )
            guard let name = prefixes.name(of: block) else { continue }
            nameCount += 1
            try BrokenInvariant.require(
                prefixes.block(named: name) == block,
                "block \(index)'s name leads to it"
            )
        }
        try BrokenInvariant.require(nameCount == prefixes.count, "every name has a block")
        let free = pool.freeBlocks
        for block in free {
            try BrokenInvariant.require(counts[block.index] == 0, "free blocks are in no table")
            counts[block.index] = 1
        }
        try BrokenInvariant.require(
            free.count == pool.freeCount && counts.allSatisfy { $0 > 0 },
            "free and used blocks are all blocks"
        )
    }
}
