/// The merges of a BPE model: which pairs of ids join, in which order, into what.
///
/// A slot is one word: left id (21 bits), right id (21 bits), rank (22 bits), so that a look-up,
/// which most often fails, touches one cache line. What a merge gives is read only on success.
struct MergeTable: Sendable {
    /// The rank of a pair that does not merge.
    static let none = UInt32.max
    /// Ranks are below this.
    static let rankLimit = 1 << 22 - 1

    private var slots: [UInt64]
    private var shift: UInt64
    private var count = 0
    /// The id that the merge of each rank gives.
    private(set) var results: [Int32] = []

    /// An empty table with room for about so many merges.
    init(capacity: Int) {
        var bits = 4
        while 1 << bits < capacity * 2, bits < 24 { bits += 1 }
        slots = [UInt64](repeating: .max, count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    /// Adds the next merge; its rank is the number of merges before it.
    ///
    /// A pair that is there already takes the new rank. Ids must be below ``Vocabulary/idLimit``; `false` if full.
    mutating func append(left: Int, right: Int, result: Int) -> Bool {
        guard results.count < Self.rankLimit else { return false }
        let rank = UInt64(results.count)
        results.append(Int32(truncatingIfNeeded: result))
        if count * 2 > slots.count { grow() }
        let key = Self.key(Int32(truncatingIfNeeded: left), Int32(truncatingIfNeeded: right))
        let slot = place(of: key)
        if slots[slot] == .max { count += 1 }
        slots[slot] = key << 22 | rank
        return true
    }

    /// The rank of a pair, or ``none``.
    @inline(__always)
    func rank(_ left: Int32, _ right: Int32) -> UInt32 {
        let key = Self.key(left, right)
        let entry = slots[place(of: key)]
        return entry == .max ? Self.none : UInt32(truncatingIfNeeded: entry & 0x3F_FFFF)
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 21 | UInt64(UInt32(bitPattern: right))
    }

    /// The slot of a key, or the free slot where it belongs.
    @inline(__always)
    private func place(of key: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int((key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while true {
            let entry = slots[slot]
            if entry == .max || entry >> 22 == key { return slot }
            slot = (slot + 1) & mask
        }
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: .max, count: old.count * 2)
        shift -= 1
        for entry in old where entry != .max { slots[place(of: entry >> 22)] = entry }
    }
}
