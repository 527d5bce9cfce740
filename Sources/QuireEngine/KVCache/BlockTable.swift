/// The blocks of one request, in order of its tokens; each holds one reference in the pool.
///
/// It only grows, until it is emptied whole; dropping it while it holds blocks would leak them, and
/// traps. Engine thread.
struct BlockTable: ~Copyable {
    /// The blocks' ids, as a step's batch takes them.
    private(set) var ids: [Int32] = []
    /// How many of the first blocks the prefix cache has been told about.
    var namedCount = 0

    init() {}

    deinit { precondition(ids.isEmpty, "a block table was dropped before release") }

    var count: Int { ids.count }

    func block(at index: Int) -> BlockID { BlockID(ids[index]) }

    mutating func reserveCapacity(_ count: Int) { ids.reserveCapacity(count) }

    mutating func append(_ block: BlockID) { ids.append(block.rawValue) }

    mutating func takeLast() -> BlockID? {
        guard let id = ids.popLast() else { return nil }
        namedCount = min(namedCount, ids.count)
        return BlockID(id)
    }
}
