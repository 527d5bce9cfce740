/// The tokens that may be drawn, each with its weight: `exp((logit - maximum) / temperature)`, 0
/// for those that were filtered out.
///
/// Top-k and top-p need no sort of the vocabulary. Usually few tokens are above a bound that is
/// cheap to find: those are gathered and put in order, and from then on they are all there is.
/// Where too many are, weights are counted into buckets by their leading bits, which finds the
/// bucket in which the cut falls, and only its members are put in order. Nothing allocates after
/// `init`.
package struct CandidateFilter {
    private struct Candidate {
        var weight: Float
        var token: Int32

        /// Heavier first, then the lower id.
        func precedes(_ other: Candidate) -> Bool {
            weight > other.weight || weight == other.weight && token < other.token
        }
    }

    /// Sign, exponent and seven bits of the fraction: buckets less than 1 % wide.
    private static let bucketShift: UInt32 = 16
    private static let bucketCount = Int(Float(1).bitPattern >> bucketShift) + 2

    private var weights: [Float]
    private var bucketTotals: [Double]
    private var blockSums: [Double]
    /// Some candidates, heaviest first.
    private var members: [Candidate] = []
    /// Whether `members` are all that is left, and `weights` no longer say.
    private var isGathered = false

    /// More are not gathered: to put them in order would cost more than counting them.
    private static let gatheredMax = 2048
    /// Tokens that are less likely than the likeliest one by more than this factor are not looked
    /// for in a nucleus, at first.
    private static let nucleusFloor: Float = 1 / 1024

    package init(vocabularySize: Int) {
        weights = Array(repeating: 0, count: vocabularySize)
        bucketTotals = Array(repeating: 0, count: Self.bucketCount)
        let blockCount = (vocabularySize + RowKernels.sumBlock - 1) / RowKernels.sumBlock
        blockSums = Array(repeating: 0, count: blockCount)
        members.reserveCapacity(vocabularySize)
    }

    /// Starts with all tokens whose probability is at least `minP` times the largest one.
    package mutating func load(
        _ logits: Span<Float>,
        maximum: Float,
        temperature: Float,
        minP: Float
    ) {
        isGathered = false
        var span = weights.mutableSpan
        RowKernels.weights(
            of: logits,
            maximum: maximum,
            scale: 1 / temperature,
            floor: minP,
            into: &span
        )
    }

    /// Keeps the `count` heaviest tokens, and those that weigh as much as the last of them.
    ///
    /// Comes before `keepMass`.
    package mutating func keepTop(_ count: Int) {
        precondition(!isGathered && count > 0, "top-k comes first")
        // The count-th largest of the blocks' maxima: at least so many tokens are above it.
        if count <= blockSums.count, gather(atLeast: blockMaximum(rank: count)) {
            let last = members[min(count, members.count) - 1].weight
            while let member = members.last, member.weight < last { members.removeLast() }
            isGathered = true
            return
        }
        guard let last = cut(at: Double(count), measure: { _ in 1 }) else { return }
        for index in weights.indices where weights[index] < last.weight { weights[index] = 0 }
    }

    /// Keeps the heaviest tokens that together just reach the share `share` of all weights.
    package mutating func keepMass(_ share: Float) {
        let target = Double(share) * total()
        if isGathered || gather(atLeast: Self.nucleusFloor), let count = reach(target) {
            members.removeLast(members.count - count)
            isGathered = true
            return
        }
        if isGathered { return }
        guard let last = cut(at: target, measure: { Double($0) }) else { return }
        for index in weights.indices {
            let candidate = Candidate(weight: weights[index], token: Int32(index))
            if last.precedes(candidate) { weights[index] = 0 }
        }
    }

    /// The token at `share` (in `[0, 1)`) of the weights in a fixed order.
    package mutating func draw(_ share: Double) -> Int32? {
        var target = share * total()
        if isGathered {
            for member in members {
                target -= Double(member.weight)
                if target < 0 { return member.token }
            }
            return members.last?.token
        }
        var block = 0
        while block < blockSums.count - 1, target >= blockSums[block] {
            target -= blockSums[block]
            block += 1
        }
        var last: Int32?
        for index in block * RowKernels.sumBlock..<weights.count where weights[index] > 0 {
            last = Int32(index)
            target -= Double(weights[index])
            if target < 0 { return last }
        }
        // Rounding carried the target past the end: the last token that has a weight at all.
        return last ?? weights.lastIndex { $0 > 0 }.map { Int32($0) }
    }

    /// The tokens that may still be drawn; for tests.
    package var keptTokens: [Int32] {
        isGathered
            ? members.map(\.token).sorted()
            : weights.indices.filter { weights[$0] > 0 }.map { Int32($0) }
    }

    /// The sum of the weights, leaving the sums of the blocks behind.
    private mutating func total() -> Double {
        if isGathered { return members.reduce(0.0) { $0 + Double($1.weight) } }
        var total = 0.0
        for block in blockSums.indices {
            let sum = RowKernels.blockSum(weights.span, from: block * RowKernels.sumBlock)
            blockSums[block] = sum
            total += sum
        }
        return total
    }

    /// How many of the members, from the heaviest on, together reach `target`; `nil` if all do not.
    private func reach(_ target: Double) -> Int? {
        var reached = 0.0
        for (index, member) in members.enumerated() {
            reached += Double(member.weight)
            if reached >= target { return index + 1 }
        }
        return nil
    }

    /// The maximum of the blocks' maxima that has this rank among them, from 1.
    private mutating func blockMaximum(rank: Int) -> Float {
        members.removeAll(keepingCapacity: true)
        for block in blockSums.indices {
            let start = block * RowKernels.sumBlock
            let end = min(weights.count, start + RowKernels.sumBlock)
            let maximum = RowKernels.maximum(weights.span.extracting(start..<end)) ?? 0
            members.append(Candidate(weight: maximum, token: Int32(block)))
        }
        sortMembers()
        return members[rank - 1].weight
    }

    /// Makes `members` of all weights above zero that are at least `bound`; false if they are too
    /// many.
    private mutating func gather(atLeast bound: Float) -> Bool {
        members.removeAll(keepingCapacity: true)
        let bound = max(bound, .leastNonzeroMagnitude)
        var index = 0
        while let next = RowKernels.firstIndex(atLeast: bound, in: weights.span, from: index) {
            if members.count == Self.gatheredMax { return false }
            members.append(Candidate(weight: weights[next], token: Int32(next)))
            index = next + 1
        }
        sortMembers()
        return true
    }

    /// The candidate with which the total of `measure`, from the heaviest on, first reaches
    /// `target`; `nil` if all together do not.
    private mutating func cut(at target: Double, measure: (Float) -> Double) -> Candidate? {
        for bucket in bucketTotals.indices { bucketTotals[bucket] = 0 }
        for weight in weights where weight > 0 {
            bucketTotals[Self.bucket(of: weight)] += measure(weight)
        }
        var bucket = Self.bucketCount - 1
        var reached = 0.0
        while reached + bucketTotals[bucket] < target {
            reached += bucketTotals[bucket]
            if bucket == 0 { return nil }
            bucket -= 1
        }
        gatherMembers(of: bucket)
        sortMembers()
        for member in members {
            reached += measure(member.weight)
            if reached >= target { return member }
        }
        // The bucket's total was added up in another order, and rounded the other way.
        return members.last
    }

    private mutating func gatherMembers(of bucket: Int) {
        members.removeAll(keepingCapacity: true)
        for index in weights.indices
        where weights[index] > 0 && Self.bucket(of: weights[index]) == bucket {
            members.append(Candidate(weight: weights[index], token: Int32(index)))
        }
    }

    private static func bucket(of weight: Float) -> Int {
        min(Int(weight.bitPattern >> bucketShift), bucketCount - 1)
    }

    /// Heap sort: in place, where the library's sort takes memory.
    private mutating func sortMembers() {
        var start = members.count / 2
        while start > 0 {
            start -= 1
            siftDown(start, end: members.count)
        }
        var end = members.count
        while end > 1 {
            end -= 1
            members.swapAt(0, end)
            siftDown(0, end: end)
        }
    }

    private mutating func siftDown(_ start: Int, end: Int) {
        var root = start
        while true {
            var child = 2 * root + 1
            if child >= end { return }
            if child + 1 < end, members[child].precedes(members[child + 1]) { child += 1 }
            if !members[root].precedes(members[child]) { return }
            members.swapAt(root, child)
            root = child
        }
    }
}
