/// Who has which prompt blocks in its KV cache, as far as requests were sent through here: a
/// fixed number of entries, so that unique prompts push out old ones and never grow it.
///
/// Sets of eight entries; within a set the one that was not used for longest makes room. An entry
/// is 20 bytes: the block's hash, a stamp, and the tags of up to four upstreams, last one first.
/// The memory is taken when the first block is remembered, not before.
package struct PrefixTable: Sendable {
    package static let bytesPerEntry = 20
    private static let ways = 8

    private let setCount: Int
    private var hashes: [UInt64] = []
    private var holders: [UInt64] = []
    private var stamps: [UInt32] = []
    /// Requests seen; differences survive the wrap.
    private var clock: UInt32 = 0

    /// - Parameter bytes: What it may take at most (but one set).
    package init(bytes: Int) {
        setCount = max(1, bytes / (Self.bytesPerEntry * Self.ways))
    }

    /// Bytes in use: nothing, or all it will ever take.
    package var byteCount: Int { hashes.count * Self.bytesPerEntry }

    /// Entries that hold a block.
    ///
    /// O(size); for tests.
    package var entryCount: Int { holders.count { $0 != 0 } }

    /// The tags of those who hold a block, 16 bits each; 0: nobody known.
    package func holders(of hash: UInt64) -> UInt64 {
        guard !hashes.isEmpty, let index = index(of: hash) else { return 0 }
        return holders[index]
    }

    package static func contains(_ holders: UInt64, _ tag: UInt16) -> Bool {
        UInt16(truncatingIfNeeded: holders) == tag
            || UInt16(truncatingIfNeeded: holders >> 16) == tag
            || UInt16(truncatingIfNeeded: holders >> 32) == tag
            || UInt16(truncatingIfNeeded: holders >> 48) == tag
    }

    /// A request with these blocks was sent to an upstream.
    ///
    /// O(blocks).
    package mutating func remember(_ keys: [UInt64], salt: UInt64, tag: UInt16) {
        if keys.isEmpty { return }
        if hashes.isEmpty {
            let count = setCount * Self.ways
            hashes = Array(repeating: 0, count: count)
            holders = Array(repeating: 0, count: count)
            stamps = Array(repeating: 0, count: count)
        }
        clock &+= 1
        for key in keys { remember(key ^ salt, tag) }
    }

    private mutating func remember(_ hash: UInt64, _ tag: UInt16) {
        let set = firstIndex(of: hash)
        var victim = set
        var victimAge: UInt32 = 0
        for index in set..<set + Self.ways {
            if holders[index] == 0 {
                if victimAge < .max { (victim, victimAge) = (index, .max) }
            } else if hashes[index] == hash {
                holders[index] = Self.adding(tag, to: holders[index])
                stamps[index] = clock
                return
            } else if clock &- stamps[index] > victimAge {
                (victim, victimAge) = (index, clock &- stamps[index])
            }
        }
        hashes[victim] = hash
        holders[victim] = UInt64(tag)
        stamps[victim] = clock
    }

    /// Moves a tag to the front; the fifth falls out.
    private static func adding(_ tag: UInt16, to holders: UInt64) -> UInt64 {
        var result = UInt64(tag)
        var shift: UInt64 = 16
        for place: UInt64 in 0..<4 where shift < 64 {
            let other = (holders >> (16 * place)) & 0xffff
            if other == 0 || other == UInt64(tag) { continue }
            result |= other << shift
            shift += 16
        }
        return result
    }

    private func index(of hash: UInt64) -> Int? {
        let set = firstIndex(of: hash)
        for index in set..<set + Self.ways where hashes[index] == hash && holders[index] != 0 {
            return index
        }
        return nil
    }

    private func firstIndex(of hash: UInt64) -> Int {
        let (high, _) = SplitMix64.mix(hash).multipliedFullWidth(by: UInt64(setCount))
        return Int(high) * Self.ways
    }
}
