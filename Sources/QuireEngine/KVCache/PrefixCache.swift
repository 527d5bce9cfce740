/// Which block holds which prefix: a map from names to blocks, and back.
///
/// It holds no references: a named block may be free, and is forgotten when the pool gives it to
/// someone else. Of two blocks with the same content the first keeps the name. Its memory is made
/// at start. Engine thread.
struct PrefixCache {
    private var blocks: [BlockHash: BlockID] = [:]
    private var names: [BlockHash?]

    init(blockCount: Int) {
        blocks.reserveCapacity(blockCount)
        names = Array(repeating: nil, count: blockCount)
    }

    var count: Int { blocks.count }

    /// The block that holds this prefix.
    func block(named name: BlockHash) -> BlockID? { blocks[name] }

    func name(of block: BlockID) -> BlockHash? { names[block.index] }

    /// Names a block unless another one has that name.
    mutating func add(_ block: BlockID, named name: BlockHash) {
        guard blocks[name] == nil else { return }
        precondition(names[block.index] == nil, "a block has one name")
        blocks[name] = block
        names[block.index] = name
    }

    /// The block's content is about to be overwritten, or is not to be trusted.
    mutating func forget(_ block: BlockID) {
        guard let name = names[block.index] else { return }
        names[block.index] = nil
        blocks[name] = nil
    }
}
