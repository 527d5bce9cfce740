extension Span<UInt8> {
    /// Eight bytes as one word, the first in its low end; the caller has made sure that they exist
    /// (a wrong offset traps).
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        unsafe UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        )
    }
}

/// Finds bytes in a word of eight, all at once.
enum ByteWord {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits = ones << 7

    /// Marks the high bit of each byte of the word that is this one.
    ///
    /// A borrow may mark bytes above a true find as well; the lowest mark is always true, also that
    /// of several results joined.
    @inline(__always)
    static func marks(of byte: UInt8, in word: UInt64) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & highBits
    }

    /// Marks the high bit of each byte below a limit of at most 128; as exact as `marks(of:in:)`.
    @inline(__always)
    static func marks(below limit: UInt8, in word: UInt64) -> UInt64 {
        (word &- ones &* UInt64(limit)) & ~word & highBits
    }

    /// The index of the byte that has the lowest mark.
    @inline(__always)
    static func firstIndex(_ marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }
}
