import QuireEngine
import Testing

@Suite struct BlockPoolTests {
    @Test func theBlockThatWasFreeTheLongestIsGivenOutFirst() {
        var pool = BlockPool(blockCount: 3)
        let blocks = (0..<3).compactMap { _ in pool.allocate() }
        #expect(blocks.map(\.rawValue) == [0, 1, 2])
        #expect(pool.allocate() == nil)
        for index in [1, 2, 0] { pool.release(blocks[index]) }
        #expect(pool.freeBlocks.map(\.rawValue) == [1, 2, 0])
        pool.retain(blocks[2])
        #expect(pool.freeBlocks.map(\.rawValue) == [1, 0])
        #expect(pool.allocate() == blocks[1])
        #expect(pool.usedCount == 2)
    }

    @Test func aBlockIsFreeWithItsLastReference() {
        var pool = BlockPool(blockCount: 1)
        guard let block = pool.allocate() else { return #expect(Bool(false)) }
        pool.retain(block)
        pool.release(block)
        #expect(!pool.isFree(block) && pool.referenceCount(of: block) == 1)
        pool.release(block)
        #expect(pool.isFree(block) && pool.freeCount == 1)
    }
}
