/// What each token decodes to, worked out once when a tokenizer is loaded.
///
/// One flat arena, so that decoding a token is a copy of a few bytes.
struct TokenTexts: Sendable {
    /// What is known of a token.
    struct Traits: OptionSet, Sendable {
        let rawValue: UInt8
        /// The id is in the vocabulary or was added.
        static let known = Traits(rawValue: 1)
        static let special = Traits(rawValue: 2)
        /// The bytes are not text of their own: they begin or end within a character, or they are
        /// one byte of a run.
        static let partial = Traits(rawValue: 4)
    }

    private(set) var arena: [UInt8] = []
    private var starts: [UInt32] = [0]
    private var traits: [Traits] = []

    /// One more than the largest id.
    var count: Int { traits.count }

    init(_ vocabulary: Vocabulary, _ added: [AddedToken], decoder: TokenDecoder) {
        var overrides: [Int: AddedToken] = [:]
        for token in added { overrides[Int(token.id)] = token }
        let end = max(vocabulary.idEnd, (overrides.keys.max() ?? -1) + 1)
        starts.reserveCapacity(end + 1)
        traits.reserveCapacity(end)
        var scratch: [UInt8] = []
        for id in 0..<end {
            if let token = overrides[id] {
                append(token.text.span, isSpecial: token.isSpecial, decoder, &scratch)
            } else if let piece = vocabulary.piece(id) {
                append(piece.span, isSpecial: false, decoder, &scratch)
            } else {
                traits.append([])
            }
            starts.append(UInt32(truncatingIfNeeded: arena.count))
        }
    }

    private mutating func append(
        _ piece: Span<UInt8>,
        isSpecial: Bool,
        _ decoder: TokenDecoder,
        _ scratch: inout [UInt8]
    ) {
        let isPartial = Self.append(
            piece,
            isFirst: false,
            decoder,
            to: &arena,
            scratch: &scratch
        )
        var known: Traits = isSpecial ? [.known, .special] : .known
        if isPartial { known.insert(.partial) }
        traits.append(known)
    }

    /// Appends the bytes of one token and tells whether they are partial.
    static func append(
        _ piece: Span<UInt8>,
        isFirst: Bool,
        _ decoder: TokenDecoder,
        to output: inout [UInt8],
        scratch: inout [UInt8]
    ) -> Bool {
        let start = output.count
        switch decoder.assembly {
        case .texts:
            decoder.appendText(of: piece, isFirst: isFirst, to: &output)
            return false
        case .byteLevel:
            scratch.removeAll(keepingCapacity: true)
            decoder.appendText(of: piece, isFirst: isFirst, to: &scratch)
            if !ByteAlphabet.appendBytes(of: scratch.span, to: &output) {
                output.append(contentsOf: scratch)
            }
            return !output.span.extracting(start..<output.count).isValidUTF8
        case .byteFallback:
            decoder.appendText(of: piece, isFirst: isFirst, to: &output)
            guard let byte = fallbackByte(output.span.extracting(start..<output.count)) else {
                return false
            }
            output.removeLast(output.count - start)
            output.append(byte)
            return true
        }
    }

    /// The byte that a `<0xXX>` token stands for.
    private static func fallbackByte(_ text: Span<UInt8>) -> UInt8? {
        guard text.count == 6, text[0] == UInt8(ascii: "<"), text[1] == UInt8(ascii: "0"),
            text[2] == UInt8(ascii: "x"), text[5] == UInt8(ascii: ">"),
            let high = hexDigit(text[3]), let low = hexDigit(text[4])
        else { return nil }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        default: nil
        }
    }

    /// The traits of a token; none for ids that do not exist.
    func traits(_ id: Int32) -> Traits {
        id >= 0 && Int(id) < traits.count ? traits[Int(id)] : []
    }

    /// Where the bytes of a known token lie in the arena.
    func range(_ id: Int32) -> Range<Int> {
        Int(starts[Int(id)])..<Int(starts[Int(id) + 1])
    }
}
