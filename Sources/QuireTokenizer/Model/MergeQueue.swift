/// Merges the symbols of a long piece in n log n: a linked list of symbols and a heap of pairs.
///
/// A heap entry is rank and place in one word, so that equal ranks go from left to right, as the
/// definition of BPE wants. Entries that a merge has made stale are met later and dropped.
struct MergeQueue {
    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// The rank of the pair that begins at each symbol; tells stale entries.
    private var ranks: [UInt32] = []
    private var heap: [UInt64] = []

    init() {}

    /// Merges `symbols` to the end; counts the heap's operations.
    mutating func merge(_ symbols: inout [Int32], _ merges: MergeTable, stepCount: inout Int) {
        let count = symbols.count
        guard count > 1, count < Int(Int32.max) else { return }
        reset(count)
        for index in 0..<count - 1 {
            let rank = merges.rank(symbols[index], symbols[index + 1])
            ranks[index] = rank
            if rank != MergeTable.none { heap.append(UInt64(rank) << 32 | UInt64(index)) }
        }
        heapify()
        while let entry = popMin() {
            stepCount += 1
            let place = Int(entry & 0xFFFF_FFFF)
            let rank = UInt32(truncatingIfNeeded: entry >> 32)
            guard ranks[place] == rank else { continue }
            let right = Int(next[place])
            let after = next[right]
            symbols[place] = merges.results[Int(rank)]
            symbols[right] = -1
            ranks[right] = MergeTable.none
            next[place] = after
            if after >= 0 { previous[Int(after)] = Int32(place) }
            updatePair(at: place, symbols, merges)
            let before = previous[place]
            if before >= 0 { updatePair(at: Int(before), symbols, merges) }
        }
        symbols.removeAll { $0 < 0 }
    }

    private mutating func reset(_ count: Int) {
        next.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        ranks.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        for index in 0..<count {
            next.append(index + 1 < count ? Int32(index + 1) : -1)
            previous.append(Int32(index - 1))
            ranks.append(MergeTable.none)
        }
    }

    private mutating func updatePair(at place: Int, _ symbols: [Int32], _ merges: MergeTable) {
        let right = next[place]
        let rank =
            right < 0 ? MergeTable.none : merges.rank(symbols[place], symbols[Int(right)])
        ranks[place] = rank
        if rank != MergeTable.none { push(UInt64(rank) << 32 | UInt64(place)) }
    }

    private mutating func heapify() {
        guard heap.count > 1 else { return }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    private mutating func push(_ entry: UInt64) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            if heap[parent] <= entry { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = entry
    }

    private mutating func popMin() -> UInt64? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return first
    }

    private mutating func siftDown(_ start: Int) {
        let entry = heap[start]
        var index = start
        while true {
            var child = index * 2 + 1
            if child >= heap.count { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            if heap[child] >= entry { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = entry
    }
}
