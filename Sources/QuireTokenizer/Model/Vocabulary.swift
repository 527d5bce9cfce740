/// The pieces of a model's vocabulary: one flat arena, found by id or by bytes.
///
/// A look-up by bytes is one probe of an open-addressing table; nothing is allocated per piece, so
/// that 150,000 of them load in a few milliseconds.
struct Vocabulary: Sendable {
    /// Ids are below this, so that a pair of them and a rank fit one word (see ``MergeTable``).
    static let idLimit = 1 << 21

    private var arena: [UInt8] = []
    /// Per id, where its piece lies; length −1 marks an id without a piece.
    private var starts: [UInt32] = []
    private var lengths: [Int32] = []
    /// Id + 1 per slot, 0 for a free one.
    private var slots: [UInt32]
    private var shift: UInt64
    private(set) var count = 0

    init() {
        slots = [UInt32](repeating: 0, count: 1 << 10)
        shift = 64 - 10
    }

    /// One more than the largest id.
    var idEnd: Int { starts.count }

    /// Why a piece was not taken.
    enum Refusal: Error {
        case idOutOfRange
        case idTaken
    }

    /// Adds a piece; one that is there already must keep its id.
    mutating func add(_ piece: Span<UInt8>, id: Int) throws(Refusal) {
        guard id >= 0, id < Self.idLimit else { throw .idOutOfRange }
        if let known = self.id(of: piece) {
            guard known != id else { return }
            throw .idTaken
        }
        while starts.count <= id {
            starts.append(0)
            lengths.append(-1)
        }
        guard lengths[id] < 0 else { throw .idTaken }
        starts[id] = UInt32(arena.count)
        lengths[id] = Int32(piece.count)
        arena.append(piece, from: 0, to: piece.count)
        count += 1
        if count * 2 > slots.count { grow() }
        insert(id, hash: Self.hash(piece))
    }

    /// The id of a piece.
    func id(of piece: Span<UInt8>) -> Int? {
        let mask = slots.count - 1
        var slot = Int(Self.hash(piece) >> shift)
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            let id = Int(entry) - 1
            if Int(lengths[id]) == piece.count, isEqual(id, piece) { return id }
            slot = (slot + 1) & mask
        }
    }

    func id(of piece: String) -> Int? {
        let bytes = Array(piece.utf8)
        return id(of: bytes.span)
    }

    /// The bytes of a piece; `nil` for ids that have none.
    func piece(_ id: Int) -> ArraySlice<UInt8>? {
        guard id >= 0, id < lengths.count, lengths[id] >= 0 else { return nil }
        let start = Int(starts[id])
        return arena[start..<start + Int(lengths[id])]
    }

    private func isEqual(_ id: Int, _ piece: Span<UInt8>) -> Bool {
        let start = Int(starts[id])
        for index in 0..<piece.count where arena[start + index] != piece[index] { return false }
        return true
    }

    private mutating func insert(_ id: Int, hash: UInt64) {
        Self.insert(id, hash: hash, into: &slots, shift: shift)
    }

    private static func insert(_ id: Int, hash: UInt64, into slots: inout [UInt32], shift: UInt64) {
        let mask = slots.count - 1
        var slot = Int(hash >> shift)
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(id + 1)
    }

    private mutating func grow() {
        let capacity = slots.count * 4
        var next = [UInt32](repeating: 0, count: capacity)
        shift = UInt64(64 - capacity.trailingZeroBitCount)
        for id in lengths.indices where lengths[id] >= 0 {
            let start = Int(starts[id])
            let piece = arena.span.extracting(start..<start + Int(lengths[id]))
            Self.insert(id, hash: Self.hash(piece), into: &next, shift: shift)
        }
        slots = next
    }

    /// A hash whose high bits are well mixed.
    @inline(__always)
    static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
        }
        return (hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15
    }
}
