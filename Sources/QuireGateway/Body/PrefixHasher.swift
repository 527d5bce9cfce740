/// Chained hashes over a prompt's first blocks: key *i* stands for the first *i* + 1 blocks.
///
/// Two prompts that begin alike share keys up to the block where they part, so a longer list of
/// shared keys means a longer prefix that an instance may have in its cache. Only whole blocks
/// count; the rest of a prompt has no key. The same bytes give the same keys in every process, so
/// that several gateways agree. Not proof against somebody who seeks collisions: all that one gains
/// is a worse pick.
package struct PrefixHasher: Sendable {
    package private(set) var keys: [UInt64] = []
    private let blockBytes: Int
    private let blockCountMax: Int
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    /// The bytes that do not fill a word yet, in its low end.
    private var word: UInt64 = 0
    private var wordBytes = 0
    private var filledBytes = 0

    /// Hashes blocks of `blockBytes`, a multiple of 8.
    package init(blockBytes: Int, blockCountMax: Int) {
        precondition(blockBytes > 0 && blockBytes % 8 == 0)
        self.blockBytes = blockBytes
        self.blockCountMax = blockCountMax
    }

    var isFull: Bool { keys.count >= blockCountMax }

    /// Takes bytes that are no part of any text, to keep texts apart.
    mutating func separate(_ mark: UInt8) { take(mark) }

    package mutating func take(_ byte: UInt8) {
        word |= UInt64(byte) << UInt64(wordBytes * 8)
        wordBytes += 1
        guard wordBytes == 8 else { return }
        mix(word)
        word = 0
        wordBytes = 0
    }

    /// Takes a run of bytes, eight at a time.
    package mutating func take(_ bytes: Span<UInt8>) {
        var index = 0
        let shift = UInt64(wordBytes * 8)
        while index + 8 <= bytes.count, !isFull {
            let next = bytes.word(at: index)
            if shift == 0 {
                mix(next)
            } else {
                mix(word | next << shift)
                word = next >> (64 - shift)
            }
            index += 8
        }
        while index < bytes.count, !isFull {
            take(bytes[index])
            index += 1
        }
    }

    private mutating func mix(_ word: UInt64) {
        guard !isFull else { return }
        // A folded multiplication: one of the quickest mixes of 64 bits that spreads all of them.
        let product = (state ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        state = product.high ^ product.low ^ (word &* 0xE703_7ED1_A0B4_28DB)
        filledBytes += 8
        guard filledBytes == blockBytes else { return }
        filledBytes = 0
        let last = (state ^ 0x8EBC_6AF0_9C88_C6E3).multipliedFullWidth(by: 0x5899_65CC_7537_4CC3)
        keys.append(last.high ^ last.low)
    }
}
