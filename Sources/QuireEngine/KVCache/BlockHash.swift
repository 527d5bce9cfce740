/// The secret of this process's block names, so that nobody can make two prompts collide.
package struct BlockHashKey: Sendable, Hashable {
    package var first: UInt64
    package var second: UInt64

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    package init(using generator: inout some RandomNumberGenerator) {
        self.init(first: generator.next(), second: generator.next())
    }
}

/// The name of a full block: what it holds and all that stands before it.
///
///     root  = H(key, 0, salt)
///     block = H(key, 1, parent, tokens)
///
/// H is SipHash-2-4 with 128 bits of output (https://www.aumasson.jp/siphash/siphash.pdf). The
/// leading word keeps the two domains apart: no salt can be chosen to look like a block. With a
/// secret key 128 bits make a collision, by accident or by design, a thing that does not happen,
/// so a hit is not compared with the tokens again.
package struct BlockHash: Sendable, Hashable {
    package let low: UInt64
    package let high: UInt64

    /// The parent of a request's first block.
    package static func root(salt: String, key: BlockHashKey) -> BlockHash {
        var state = SipHash128(key)
        state.absorb(0)
        var word: UInt64 = 0
        var count: UInt64 = 0
        for byte in salt.utf8 {
            word = word << 8 | UInt64(byte)
            count += 1
            if count % 8 == 0 {
                state.absorb(word)
                word = 0
            }
        }
        state.absorb(word)
        state.absorb(count)
        return state.finish()
    }

    package static func block(
        parent: BlockHash,
        tokens: some RandomAccessCollection<Int32>,
        key: BlockHashKey
    ) -> BlockHash {
        var state = SipHash128(key)
        state.absorb(1)
        state.absorb(parent.low)
        state.absorb(parent.high)
        for token in tokens { state.absorb(UInt64(UInt32(bitPattern: token))) }
        return state.finish()
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(low) }
}

/// SipHash-2-4-128 of a sequence of 64-bit words, as if each were eight bytes in little-endian order.
package struct SipHash128 {
    private var wordCount: UInt64 = 0
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    package init(_ key: BlockHashKey) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    package mutating func absorb(_ word: UInt64) {
        wordCount &+= 1
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    package mutating func finish() -> BlockHash {
        // The algorithm's last word: the length in bytes, modulo 256, in its top byte.
        absorb(wordCount << 59)
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        return BlockHash(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func round() {
        v0 &+= v1
        v1 = Self.rotate(v1, 13) ^ v0
        v0 = Self.rotate(v0, 32)
        v2 &+= v3
        v3 = Self.rotate(v3, 16) ^ v2
        v0 &+= v3
        v3 = Self.rotate(v3, 21) ^ v0
        v2 &+= v1
        v1 = Self.rotate(v1, 17) ^ v2
        v2 = Self.rotate(v2, 32)
    }

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value << bits | value >> (64 - bits)
    }
}
