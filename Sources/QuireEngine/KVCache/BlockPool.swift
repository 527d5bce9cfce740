/// Names one block of the key-value cache.
package struct BlockID: Sendable, Hashable {
    package let rawValue: Int32

    package init(_ rawValue: Int32) { self.rawValue = rawValue }

    var index: Int { Int(rawValue) }
}

/// The fixed set of key-value blocks: a reference count each, and the free ones in LRU order.
///
/// A block is free when no table holds it. Free blocks keep their content, so that the prefix
/// cache can take one back from the middle of the list; the one that has been free the longest is
/// given out first. Every operation is O(1) and allocates nothing. Engine thread.
package struct BlockPool {
    private var referenceCounts: [Int32]
    /// The free list, doubly linked through the blocks' indices.
    ///
    /// The entry after the last block is the list's own: its `next` is the least recently freed
    /// block, its `previous` the latest.
    private var next: [Int32]
    private var previous: [Int32]
    package private(set) var freeCount: Int

    package let blockCount: Int

    package init(blockCount: Int) {
        precondition(blockCount > 0 && blockCount < Int(Int32.max), "block count")
        self.blockCount = blockCount
        referenceCounts = Array(repeating: 0, count: blockCount)
        next = Array(repeating: 0, count: blockCount + 1)
        previous = Array(repeating: 0, count: blockCount + 1)
        for index in 0...blockCount {
            next[index] = Int32(index == blockCount ? 0 : index + 1)
            previous[index] = Int32(index == 0 ? blockCount : index - 1)
        }
        freeCount = blockCount
    }

    package var usedCount: Int { blockCount - freeCount }

    package func referenceCount(of block: BlockID) -> Int { Int(referenceCounts[block.index]) }

    package func isFree(_ block: BlockID) -> Bool { referenceCounts[block.index] == 0 }

    /// Takes the block that has been free the longest, with one reference; `nil` if none is free.
    package mutating func allocate() -> BlockID? {
        guard freeCount > 0 else { return nil }
        let block = BlockID(next[blockCount])
        unlink(block)
        referenceCounts[block.index] = 1
        return block
    }

    /// Adds a reference, taking the block off the free list if it is on it.
    package mutating func retain(_ block: BlockID) {
        if referenceCounts[block.index] == 0 { unlink(block) }
        referenceCounts[block.index] += 1
    }

    /// Drops a reference; with the last one the block is free, to be given out after all others.
    package mutating func release(_ block: BlockID) {
        precondition(referenceCounts[block.index] > 0, "a free block was released")
        referenceCounts[block.index] -= 1
        if referenceCounts[block.index] == 0 { link(block) }
    }

    /// The free blocks, in the order in which they will be given out; O(free).
    package var freeBlocks: [BlockID] {
        var blocks: [BlockID] = []
        var index = next[blockCount]
        while Int(index) != blockCount {
            blocks.append(BlockID(index))
            index = next[Int(index)]
        }
        return blocks
    }

    private mutating func unlink(_ block: BlockID) {
        let (before, after) = (previous[block.index], next[block.index])
        next[Int(before)] = after
        previous[Int(after)] = before
        freeCount -= 1
    }

    private mutating func link(_ block: BlockID) {
        let last = previous[blockCount]
        next[Int(last)] = block.rawValue
        previous[block.index] = last
        next[block.index] = Int32(blockCount)
        previous[blockCount] = block.rawValue
        freeCount += 1
    }
}
