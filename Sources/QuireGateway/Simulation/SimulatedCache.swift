/// The KV cache of a simulated engine: blocks by their chained hash, the longest unused go first.
struct SimulatedCache {
    private let capacity: Int
    private var stamps: [UInt64: UInt64] = [:]
    /// In order of use; entries whose stamp is no longer the block's are skipped.
    private var uses: [(key: UInt64, stamp: UInt64)] = []
    private var head = 0
    private var clock: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// How many of a prompt's first blocks are there.
    func depth(of keys: [UInt64]) -> Int {
        keys.firstIndex { stamps[$0] == nil } ?? keys.count
    }

    /// These were used now, the first one last: a prefix outlives what follows it.
    mutating func use(_ keys: [UInt64]) {
        for key in keys.reversed() {
            clock += 1
            stamps[key] = clock
            uses.append((key, clock))
        }
        while stamps.count > capacity, head < uses.count {
            let oldest = uses[head]
            head += 1
            if stamps[oldest.key] == oldest.stamp { stamps[oldest.key] = nil }
        }
        if head > 65_536, head * 2 > uses.count {
            uses.removeFirst(head)
            head = 0
        }
        if uses.count - head > 4 * capacity + 65_536 { compact() }
    }

    private mutating func compact() {
        uses = uses[head...].filter { stamps[$0.key] == $0.stamp }
        head = 0
    }
}
