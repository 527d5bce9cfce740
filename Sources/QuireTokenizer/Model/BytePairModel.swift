/// A BPE model: turns one piece of text into ids by merging neighbours, lowest rank first.
///
/// Immutable and shared by all threads; what a call needs besides lies in its ``Scratch``.
struct BytePairModel: Sendable {
    /// The settings of the model in tokenizer.json.
    struct Options: Sendable {
        var unknownToken: String?
        var continuingSubwordPrefix: [UInt8] = []
        var endOfWordSuffix: [UInt8] = []
        var fusesUnknown = false
        var hasByteFallback = false
        /// Whether a piece that is in the vocabulary is taken whole, without merging.
        var ignoresMerges = false
    }

    /// Buffers of one encoding call, kept from piece to piece.
    struct Scratch {
        fileprivate var symbols: [Int32] = []
        fileprivate var ranks: [UInt32] = []
        fileprivate var key: [UInt8] = []
        fileprivate var queue = MergeQueue()
        /// Merges tried or made since it was created: the cost, which tests bound.
        var stepCount = 0

        init() {}
    }

    let vocabulary: Vocabulary
    let merges: MergeTable
    let options: Options
    /// Whether pieces come as raw bytes of a vocabulary in the byte alphabet.
    let isByteLevel: Bool

    private let unknownID: Int32?
    /// For byte-level models the id of each byte's character, else of its `<0xXX>` token; −1: none.
    private var byteIDs: [Int32]
    private let hasAllBytes: Bool
    /// The id of each character below U+10000 that is a piece of its own; −1: none.
    private var scalarIDs: [Int32] = []
    /// Longest piece, in bytes of text: longer ones need no look-up.
    private let longestPiece: Int
    /// Which neighbours occur within some piece (see ``JoinFilter``); `nil` where pieces are short.
    private let joins: JoinFilter?

    /// Above this many symbols a queue is used instead of scanning for the best pair.
    private static let scanMax = 48

    init(
        vocabulary: Vocabulary,
        merges: MergeTable,
        options: Options,
        isByteLevel: Bool
    ) throws(TokenizerError) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.options = options
        self.isByteLevel = isByteLevel
        var unknownID: Int32?
        if let token = options.unknownToken {
            guard let id = vocabulary.id(of: token) else {
                throw .invalid(
                    path: "model.unk_token",
                    reason: "\(token) is not in the vocabulary"
                )
            }
            unknownID = Int32(truncatingIfNeeded: id)
        }
        self.unknownID = unknownID
        var byteIDs: [Int32] = []
        for byte in 0..<256 {
            let name =
                isByteLevel ? String(ByteAlphabet.scalars[byte]) : Self.fallbackName(of: byte)
            byteIDs.append(vocabulary.id(of: name).map { Int32(truncatingIfNeeded: $0) } ?? -1)
        }
        self.byteIDs = byteIDs
        hasAllBytes = !byteIDs.contains(-1)
        var longest = 0
        var scalarIDs = isByteLevel ? [] : [Int32](repeating: -1, count: 0x10000)
        for id in 0..<vocabulary.idEnd {
            guard let piece = vocabulary.piece(id) else { continue }
            longest = max(longest, piece.count)
            if !isByteLevel, piece.count <= 3, !piece.isEmpty {
                let scalar = piece.span.scalar(at: 0)
                if scalar.end == piece.count, scalar.value < 0x10000 {
                    scalarIDs[Int(scalar.value)] = Int32(truncatingIfNeeded: id)
                }
            }
        }
        self.scalarIDs = scalarIDs
        longestPiece = longest
        let isPlain =
            options.continuingSubwordPrefix.isEmpty && options.endOfWordSuffix.isEmpty
        joins =
            isByteLevel || !isPlain || options.ignoresMerges
            ? nil : JoinFilter(vocabulary: vocabulary, merges: merges)
    }

    private static func fallbackName(of byte: Int) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        return "<0x\(digits[byte >> 4])\(digits[byte & 15])>"
    }

    // MARK: Encoding

    /// Where the part of a piece that begins at `start` can be cut off without changing any id.
    ///
    /// For models without a pre-tokenizer, whose piece is the whole text: two characters that are
    /// neighbours in no vocabulary piece are never merged, so the text falls apart between them.
    func partEnd(in text: Span<UInt8>, from start: Int) -> Int {
        guard let joins else { return text.count }
        guard start < text.count else { return text.count }
        var scalar = text.scalar(at: start)
        while scalar.end < text.count {
            let next = text.scalar(at: scalar.end)
            guard
                joins.mayJoin(scalar.value, next.value) || mayFuse(scalar.value, next.value)
            else { return scalar.end }
            scalar = next
        }
        return text.count
    }

    /// Whether two neighbours may both be unknown, so that they could become one token.
    private func mayFuse(_ left: UInt32, _ right: UInt32) -> Bool {
        if options.hasByteFallback, hasAllBytes { return false }
        return !isKnown(left) && !isKnown(right)
    }

    private func isKnown(_ scalar: UInt32) -> Bool {
        scalar < 0x10000 && scalarIDs[Int(scalar)] >= 0
    }

    /// Appends the ids of one piece.
    func encode(_ piece: Span<UInt8>, into ids: inout [Int32], scratch: inout Scratch) {
        if piece.isEmpty { return }
        if options.ignoresMerges, let id = wholeID(piece, scratch: &scratch) {
            ids.append(id)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        if isByteLevel, hasAllBytes, options.continuingSubwordPrefix.isEmpty,
            options.endOfWordSuffix.isEmpty
        {
            for index in 0..<piece.count { scratch.symbols.append(byteIDs[Int(piece[index])]) }
        } else {
            appendSymbols(of: piece, scratch: &scratch)
        }
        merge(&scratch)
        ids.append(contentsOf: scratch.symbols)
    }

    private func wholeID(_ piece: Span<UInt8>, scratch: inout Scratch) -> Int32? {
        guard piece.count <= longestPiece else { return nil }
        guard isByteLevel else {
            return vocabulary.id(of: piece).map { Int32(truncatingIfNeeded: $0) }
        }
        scratch.key.removeAll(keepingCapacity: true)
        for index in 0..<piece.count {
            scratch.key.append(scalar: ByteAlphabet.scalars[Int(piece[index])])
        }
        return vocabulary.id(of: scratch.key.span).map { Int32(truncatingIfNeeded: $0) }
    }

    /// The ids of the single characters of a piece: known ones, else bytes, else unknown.
    private func appendSymbols(of piece: Span<UInt8>, scratch: inout Scratch) {
        var pendingUnknown = false
        var index = 0
        while index < piece.count {
            let end = isByteLevel ? index + 1 : piece.scalar(at: index).end
            let isFirst = index == 0
            let isLast = end == piece.count
            if let id = symbolID(piece, index, end, isFirst, isLast, scratch: &scratch) {
                if pendingUnknown, let unknownID { scratch.symbols.append(unknownID) }
                pendingUnknown = false
                scratch.symbols.append(id)
            } else if !appendFallback(piece, index, end, scratch: &scratch) {
                if unknownID != nil {
                    if pendingUnknown, !options.fusesUnknown, let unknownID {
                        scratch.symbols.append(unknownID)
                    }
                    pendingUnknown = true
                }
            }
            index = end
        }
        if pendingUnknown, let unknownID { scratch.symbols.append(unknownID) }
    }

    private func symbolID(
        _ piece: Span<UInt8>,
        _ start: Int,
        _ end: Int,
        _ isFirst: Bool,
        _ isLast: Bool,
        scratch: inout Scratch
    ) -> Int32? {
        let hasPrefix = !isFirst && !options.continuingSubwordPrefix.isEmpty
        let hasSuffix = isLast && !options.endOfWordSuffix.isEmpty
        if !hasPrefix, !hasSuffix {
            if isByteLevel {
                let id = byteIDs[Int(piece[start])]
                return id < 0 ? nil : id
            }
            let scalar = piece.scalar(at: start).value
            if scalar < 0x10000 {
                let id = scalarIDs[Int(scalar)]
                return id < 0 ? nil : id
            }
        }
        scratch.key.removeAll(keepingCapacity: true)
        if hasPrefix { scratch.key.append(contentsOf: options.continuingSubwordPrefix) }
        if isByteLevel {
            scratch.key.append(scalar: ByteAlphabet.scalars[Int(piece[start])])
        } else {
            scratch.key.append(piece, from: start, to: end)
        }
        if hasSuffix { scratch.key.append(contentsOf: options.endOfWordSuffix) }
        return vocabulary.id(of: scratch.key.span).map { Int32(truncatingIfNeeded: $0) }
    }

    /// Appends a character as `<0xXX>` tokens, if the vocabulary has all that it needs.
    private func appendFallback(
        _ piece: Span<UInt8>,
        _ start: Int,
        _ end: Int,
        scratch: inout Scratch
    ) -> Bool {
        guard options.hasByteFallback, !isByteLevel else { return false }
        for index in start..<end where byteIDs[Int(piece[index])] < 0 { return false }
        for index in start..<end { scratch.symbols.append(byteIDs[Int(piece[index])]) }
        return true
    }

    // MARK: Merging

    private func merge(_ scratch: inout Scratch) {
        let count = scratch.symbols.count
        scratch.stepCount += count
        if count < 2 { return }
        if count > Self.scanMax {
            scratch.queue.merge(&scratch.symbols, merges, stepCount: &scratch.stepCount)
            return
        }
        mergeByScanning(&scratch.symbols, &scratch.ranks, stepCount: &scratch.stepCount)
    }

    /// Merges the best pair until there is none; moves what is behind it each time.
    private func mergeByScanning(
        _ symbols: inout [Int32],
        _ ranks: inout [UInt32],
        stepCount: inout Int
    ) {
        ranks.removeAll(keepingCapacity: true)
        for index in 1..<symbols.count {
            ranks.append(merges.rank(symbols[index - 1], symbols[index]))
        }
        let length = Self.mergeByScanning(
            symbols.mutableSpan,
            ranks.mutableSpan,
            merges,
            stepCount: &stepCount
        )
        symbols.removeLast(symbols.count - length)
    }

    /// Returns how many symbols are left.
    private static func mergeByScanning(
        _ symbols: consuming MutableSpan<Int32>,
        _ ranks: consuming MutableSpan<UInt32>,
        _ merges: MergeTable,
        stepCount: inout Int
    ) -> Int {
        var length = symbols.count
        while true {
            var best = MergeTable.none
            var place = 0
            for index in 0..<length - 1 where ranks[index] < best {
                best = ranks[index]
                place = index
            }
            if best == MergeTable.none { return length }
            symbols[place] = merges.results[Int(best)]
            length -= 1
            for index in place + 1..<max(length, place + 1) { symbols[index] = symbols[index + 1] }
            for index in place..<max(length - 1, place) { ranks[index] = ranks[index + 1] }
            if place > 0 { ranks[place - 1] = merges.rank(symbols[place - 1], symbols[place]) }
            if place + 1 < length { ranks[place] = merges.rank(symbols[place], symbols[place + 1]) }
            stepCount += 1
        }
    }
}
