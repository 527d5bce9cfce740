/// The escaping of JSON strings, byte by byte: the inner loop of every streamed token.
///
/// Writes through a pointer because the target is uninitialised room in a `ByteBuffer`; the one
/// duty is that of `escape`: room for `escapedCount` bytes (at most six times the input).
enum JSONEscaping {
    /// The most bytes that one byte can become: `\u001f`.
    static let maxGrowth = 6

    /// Whether a byte cannot stand for itself within a JSON string.
    @inline(__always)
    static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// The bytes that `escape` will write.
    static func escapedCount(_ text: Span<UInt8>) -> Int {
        var count = text.count
        for index in text.indices where needsEscape(text[index]) {
            count += shortEscape(text[index]) == nil ? 5 : 1
        }
        return count
    }

    /// Escapes the text into the target, which has room for it, and returns the bytes written.
    ///
    /// Eight bytes at a time while none needs an escape; four to seven as two halves that overlap.
    /// A token of six bytes costs 40 instructions so, 108 byte by byte.
    static func escape(_ text: Span<UInt8>, to target: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe text.withUnsafeBytes { text in
            guard let source = text.baseAddress else { return 0 }
            let count = text.count
            let output = UnsafeMutableRawPointer(target)
            var read = 0
            var written = 0
            while count - read >= 8 {
                let word = unsafe source.loadUnaligned(fromByteOffset: read, as: UInt64.self)
                guard isPlain(word) else { break }
                unsafe output.storeBytes(of: word, toByteOffset: written, as: UInt64.self)
                read += 8
                written += 8
            }
            let rest = count - read
            if rest >= 4, rest < 8 {
                let first = unsafe source.loadUnaligned(fromByteOffset: read, as: UInt32.self)
                let last = unsafe source.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                if isPlain(UInt64(first) | UInt64(last) << 32) {
                    unsafe output.storeBytes(of: first, toByteOffset: written, as: UInt32.self)
                    written += rest
                    unsafe output.storeBytes(of: last, toByteOffset: written - 4, as: UInt32.self)
                    return written
                }
            }
            while read < count {
                let byte = unsafe source.load(fromByteOffset: read, as: UInt8.self)
                read += 1
                if needsEscape(byte) {
                    unsafe written += escape(byte, to: target + written)
                } else {
                    unsafe target[written] = byte
                    written += 1
                }
            }
            return written
        }
    }

    /// Whether none of eight bytes needs an escape, told from all of them at once.
    ///
    /// `(x - n·ones) & ~x & high` is non-zero exactly if a byte of x is below n, for n up to 128;
    /// with `x = word ^ c` and n = 1 that finds the byte c.
    @inline(__always)
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        let found = control | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
        return found & (ones &* 0x80) == 0
    }

    // Out of line, so that the loop over plain text stays small.
    @inline(never)
    private static func escape(_ byte: UInt8, to target: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe target[0] = UInt8(ascii: "\\")
        if let short = shortEscape(byte) {
            unsafe target[1] = short
            return 2
        }
        unsafe target[1] = UInt8(ascii: "u")
        unsafe target[2] = UInt8(ascii: "0")
        unsafe target[3] = UInt8(ascii: "0")
        unsafe target[4] = hexDigit(byte >> 4)
        unsafe target[5] = hexDigit(byte & 0x0F)
        return 6
    }

    private static func shortEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble
    }
}
