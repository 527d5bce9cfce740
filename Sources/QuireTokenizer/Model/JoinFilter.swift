/// Tells of two neighbouring characters whether some merge could ever put them in one token.
///
/// SentencePiece-style models see a whole text as one piece. But characters that stand side by
/// side in no piece of the vocabulary never end up in one token, so the text can be encoded in
/// parts: for English these are words, and the work per part is small and can be reused.
///
/// It is a bit table addressed by a hash. A false "may join" only makes a part longer; a false
/// "never" cannot be.
struct JoinFilter: Sendable {
    private var bits: [UInt64]
    private static let bitCountLog2: UInt64 = 21

    /// Collects the neighbours within the result of every merge.
    init(vocabulary: Vocabulary, merges: MergeTable) {
        bits = [UInt64](repeating: 0, count: 1 << (Self.bitCountLog2 - 6))
        var isSeen = [Bool](repeating: false, count: vocabulary.idEnd)
        for result in merges.results {
            let id = Int(result)
            guard id >= 0, id < isSeen.count, !isSeen[id], let piece = vocabulary.piece(id),
                !piece.isEmpty
            else { continue }
            isSeen[id] = true
            let text = piece.span
            var scalar = text.scalar(at: 0)
            while scalar.end < text.count {
                let next = text.scalar(at: scalar.end)
                let bit = Self.bit(scalar.value, next.value)
                bits[bit >> 6] |= 1 << UInt64(bit & 63)
                scalar = next
            }
        }
    }

    /// Whether two characters in this order may become part of one token.
    @inline(__always)
    func mayJoin(_ left: UInt32, _ right: UInt32) -> Bool {
        let bit = Self.bit(left, right)
        return bits[bit >> 6] >> UInt64(bit & 63) & 1 == 1
    }

    @inline(__always)
    private static func bit(_ left: UInt32, _ right: UInt32) -> Int {
        let pair = UInt64(left) << 21 | UInt64(right)
        return Int((pair &* 0x9E37_79B9_7F4A_7C15) >> (64 - bitCountLog2))
    }
}
