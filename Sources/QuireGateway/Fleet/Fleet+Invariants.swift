/// A rule of the fleet's books that does not hold: a defect of ours.
package struct BrokenFleetInvariant: Error, CustomStringConvertible {
    package let description: String

    static func require(
        _ holds: Bool,
        _ rule: @autoclosure () -> String
    ) throws(BrokenFleetInvariant) {
        if !holds { throw BrokenFleetInvariant(description: "broken: " + rule()) }
    }
}

extension Fleet {
    /// Throws unless the books balance.
    ///
    /// For tests, after every step; O(everything).
    package func checkInvariants() throws(BrokenFleetInvariant) {
        func require(_ holds: Bool, _ rule: String) throws(BrokenFleetInvariant) {
            try BrokenFleetInvariant.require(holds, rule)
        }
        var inFlight: [Int: Int] = [:]
        var queuedTokens: [Int: Int] = [:]
        for record in attempts.all {
            inFlight[record.upstream, default: 0] += 1
            queuedTokens[record.upstream, default: 0] += record.queuedTokens
            if let waiter = record.waiter {
                try require(waiters[waiter]?.attempt != nil, "an attempt knows its waiter")
            }
        }
        for (row, upstream) in upstreams.enumerated() {
            guard let upstream else {
                try require(inFlight[row] == nil, "a free row has no attempts")
                continue
            }
            try require(upstream.inFlight == inFlight[row] ?? 0, "each attempt holds one slot")
            try require(
                upstream.queuedTokens == queuedTokens[row] ?? 0,
                "queued tokens are those of attempts without a first byte"
            )
            try require(
                !upstream.isRetired || upstream.inFlight > 0,
                "a retired upstream leaves with its last attempt"
            )
            try upstream.breaker.checkInvariants()
        }
        try checkQueues()
    }

    private func checkQueues() throws(BrokenFleetInvariant) {
        func require(_ holds: Bool, _ rule: String) throws(BrokenFleetInvariant) {
            try BrokenFleetInvariant.require(holds, rule)
        }
        var queued = 0
        for (index, group) in groups.enumerated() {
            var order: UInt64?
            var count = 0
            var next = group.firstWaiter
            while let serial = next, let waiter = waiters[serial], count <= waiters.count {
                try require(waiter.group == index, "a waiter knows its queue")
                try require(waiter.attempt == nil, "who was granted a slot waits no more")
                try require(order.map { $0 < waiter.order } ?? true, "queues are in order")
                order = waiter.order
                count += 1
                next = waiter.next
            }
            try require(count == group.waiterCount, "a queue's count is right")
            try require(
                waitingGroups.contains(index) == (count > 0),
                "groups that somebody waits in are known"
            )
            queued += count
            for member in group.members {
                try require(upstreams[member]?.isRetired == false, "members are in use")
            }
        }
        let waiting = waiters.all.count { $0.attempt == nil && $0.group != nil }
        try require(waiting == queued, "who waits is in one queue")
    }
}
