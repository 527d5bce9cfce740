import Glibc

/// The last plain chunk of a stream, to know the next by: only its text differs.
///
/// An engine's chunks are the same bytes around the text, so a comparison and a look at the text
/// say what a parse would: it has the same members up to the text's quote, a string, and the same
/// members behind. A parse of 250 bytes costs 7,000 instructions, this 600. Only chunks of the first
/// choice are learnt that hold text and no more (`ChunkScan.Choice.isToken`, no usage, no error).
struct ChunkPattern: Sendable {
    /// A chunk longer than this is not learnt: with log-probabilities, say, none is like another.
    private static let bytesMax = 1024

    private var before: [UInt8] = []
    /// Begins with the quote that ends the text; empty: nothing is learnt.
    private var behind: [UInt8] = []

    /// The text with its quotes if the data is like the chunk before; what lies between them is
    /// still to be checked.
    func quotedText(in data: Span<UInt8>) -> Range<Int>? {
        guard !behind.isEmpty, data.count >= before.count + behind.count else { return nil }
        let end = data.count - behind.count
        guard Self.isEqual(data.extracting(end...), behind),
            Self.isEqual(data.extracting(..<before.count), before)
        else { return nil }
        return before.count - 1..<end + 1
    }

    /// Takes a chunk that was parsed.
    mutating func learn(_ scan: ChunkScan, _ data: Span<UInt8>) {
        guard data.count <= Self.bytesMax, !scan.hasError, scan.usage == nil, scan.others.isEmpty,
            let choice = scan.first, choice.index == 0, let text = choice.text, !choice.hasRole,
            !choice.hasReasoning, !choice.hasOtherContent, choice.finishReason == nil
        else { return }
        before.removeAll(keepingCapacity: true)
        behind.removeAll(keepingCapacity: true)
        unsafe data.withUnsafeBufferPointer { bytes in
            unsafe before.append(contentsOf: bytes[..<text.start])
            unsafe behind.append(contentsOf: bytes[text.end...])
        }
    }

    private static func isEqual(_ bytes: Span<UInt8>, _ known: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe known.withUnsafeBytes { known in
                guard bytes.count == known.count, let first = bytes.baseAddress,
                    let second = known.baseAddress
                else { return false }
                return unsafe memcmp(first, second, bytes.count) == 0
            }
        }
    }
}

extension ChunkPattern: Hashable {
    // It saves work and says nothing: answers that were read alike are equal.
    static func == (left: ChunkPattern, right: ChunkPattern) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}
