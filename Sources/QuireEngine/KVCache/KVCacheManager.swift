/// The key-value cache as the scheduler sees it: the pool and the prefix cache, kept in step.
///
///     table of a request      [ b0 | b1 | b2 | b3 ]        block size 4, 14 tokens, 13 computed
///     tokens                   0..3 4..7 8..11 12,13
///     named in the cache        yes  yes  yes  no          full and computed blocks only
///
/// A named block never changes: its request writes only behind its computed tokens. Engine thread;
/// it reads no clock and draws no random numbers.
struct KVCacheManager {
    private(set) var pool: BlockPool
    private(set) var prefixes: PrefixCache
    let blockSize: Int
    /// `nil` if prefixes are not to be shared.
    private let key: BlockHashKey?

    /// What the prefix cache holds of a request.
    struct Match {
        var blockCount = 0
        /// How many of these blocks are on the free list.
        var freeBlockCount = 0
    }

    init(blockCount: Int, blockSize: Int, key: BlockHashKey?) {
        pool = BlockPool(blockCount: blockCount)
        prefixes = PrefixCache(blockCount: blockCount)
        self.blockSize = blockSize
        self.key = key
    }

    var isSharing: Bool { key != nil }

    func blocks(forTokens count: Int) -> Int { (count + blockSize - 1) / blockSize }

    /// How much of a request that holds no blocks can be taken over.
    ///
    /// The last token is never among it: its logits are wanted, so it must be computed.
    func match(_ request: ScheduledRequest) -> Match {
        guard let key else { return Match() }
        let limit = (request.tokens.count - 1) / blockSize
        request.extendHashes(toBlocks: limit, blockSize: blockSize, key: key)
        var match = Match()
        while match.blockCount < limit,
            let block = prefixes.block(named: request.hashes[match.blockCount])
        {
            if pool.isFree(block) { match.freeBlockCount += 1 }
            match.blockCount += 1
        }
        return match
    }

    /// Whether a request that holds no blocks could take `match` over and then hold `count` tokens.
    func canHold(tokens count: Int, with match: Match) -> Bool {
        blocks(forTokens: count) - match.blockCount <= pool.freeCount - match.freeBlockCount
    }

    /// Takes the matched blocks over into the request's empty table.
    mutating func adopt(_ match: Match, for request: ScheduledRequest) {
        for index in 0..<match.blockCount {
            guard let block = prefixes.block(named: request.hashes[index]) else {
                preconditionFailure("a match is adopted at once")
            }
            pool.retain(block)
            request.blocks.append(block)
        }
        request.blocks.namedCount = match.blockCount
        request.computedCount = match.blockCount * blockSize
    }

    /// Lengthens the table to hold `count` tokens; false, and nothing taken, if the free blocks do
    /// not suffice.
    mutating func extend(_ table: inout BlockTable, toTokens count: Int) -> Bool {
        let needed = blocks(forTokens: count)
        guard needed - table.count <= pool.freeCount else { return false }
        while table.count < needed {
            guard let block = pool.allocate() else { preconditionFailure("free blocks counted") }
            prefixes.forget(block)
            table.append(block)
        }
        return true
    }

    /// Names the request's blocks that have become full and computed.
    mutating func nameFullBlocks(of request: ScheduledRequest) {
        guard let key else { return }
        let fullCount = request.computedCount / blockSize
        guard request.blocks.namedCount < fullCount else { return }
        request.extendHashes(toBlocks: fullCount, blockSize: blockSize, key: key)
        for index in request.blocks.namedCount..<fullCount {
            prefixes.add(request.blocks.block(at: index), named: request.hashes[index])
        }
        request.blocks.namedCount = fullCount
    }

    /// Gives the table's blocks back, the last one first, so that shared heads live longest.
    mutating func release(_ table: inout BlockTable) {
        while let block = table.takeLast() { pool.release(block) }
    }

    /// Forgets and gives back the blocks of a request whose content is not to be trusted.
    mutating func discard(_ table: inout BlockTable) {
        while let block = table.takeLast() {
            prefixes.forget(block)
            pool.release(block)
        }
    }
}
