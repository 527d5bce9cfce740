/// The character classes of the HTTP grammar as bit masks.
///
/// Two words held in registers beat a table of 256 bytes: no load, no bounds check, no lazy global.
enum ByteClass {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")

    /// `tchar`: what methods and field names are made of.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        // ! # $ % & ' * + - . 0-9 | A-Z ^ _ ` a-z | ~
        contains(byte, 0x03ff_6cfa_0000_0000, 0x57ff_ffff_c7ff_fffe)
    }

    /// The first byte of the range that no token may have, or the range's end.
    ///
    /// Names are letters and dashes mostly, of which a run of up to eight is taken at once.
    @inline(__always)
    static func firstNonToken(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        precondition(range.upperBound <= bytes.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if range.upperBound - index >= 8 {
                let word = unsafe bytes.bytes.unsafeLoadUnaligned(
                    fromByteOffset: index,
                    as: UInt64.self
                )
                let run = letterRun(UInt64(littleEndian: word))
                index += run
                // What ended the run is mostly the colon, and else looked at by itself.
                if run == 8 { continue }
            }
            guard isToken(bytes[index]) else { return index }
            index += 1
        }
        return index
    }

    /// How many of the eight bytes, from the lowest on, are letters or dashes.
    @inline(__always)
    private static func letterRun(_ word: UInt64) -> Int {
        let high = 0x8080_8080_8080_8080 as UInt64
        // Seven bits of each byte, so that no sum carries into the next.
        let low = word & ~high
        let folded = low | 0x2020_2020_2020_2020
        let letters = (folded &+ 0x1f1f_1f1f_1f1f_1f1f) & ~(folded &+ 0x0505_0505_0505_0505)
        let dashes = high &- (low ^ 0x2d2d_2d2d_2d2d_2d2d)
        let others = ~((letters | dashes) & ~word) & high
        return others.trailingZeroBitCount / 8
    }

    /// What a host with an optional port is made of: unreserved, sub-delims, `%`, `:`, `[`, `]`.
    @inline(__always)
    static func isHost(_ byte: UInt8) -> Bool {
        // ! $ % & ' ( ) * + , - . 0-9 : ; = | A-Z [ ] _ a-z ~
        contains(byte, 0x2fff_7ff2_0000_0000, 0x47ff_fffe_afff_fffe)
    }

    /// A byte of a request target: visible ASCII but `#`, which a client never sends.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool {
        byte &- 0x21 <= 0x7e - 0x21 && byte != UInt8(ascii: "#")
    }

    /// A byte of a field value: visible ASCII, space, tab, and the high half.
    @inline(__always)
    static func isValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7f || byte == tab
    }

    /// The first byte of the range that no field value may have, or the range's end.
    ///
    /// Eight bytes at once where all are plain, the last eight once more in part: values are most
    /// of a head.
    @inline(__always)
    static func firstNonValue(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        precondition(range.upperBound <= bytes.count)
        let end = range.upperBound
        var index = range.lowerBound
        while index < end {
            let start = min(index, end - 8)
            if start >= range.lowerBound, isPlain(bytes, at: start) {
                index = start + 8
            } else {
                guard isValue(bytes[index]) else { return index }
                index += 1
            }
        }
        return index
    }

    /// Whether the eight bytes there, which exist, are surely visible or high ones or spaces.
    @inline(__always)
    private static func isPlain(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
        let deleted = word ^ 0x7f7f_7f7f_7f7f_7f7f
        // A byte below 0x20, or 0x7f, borrows into its high bit; others may be taken for one.
        let controls = (word &- 0x2020_2020_2020_2020) & ~word
        let deletes = (deleted &- 0x0101_0101_0101_0101) & ~deleted
        return (controls | deletes) & 0x8080_8080_8080_8080 == 0
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter &+ 10 : nil
    }

    /// A letter in lower case; every other byte as it is.
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    @inline(__always)
    private static func contains(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let mask = byte < 64 ? low : high
        return byte < 128 && (mask &>> UInt64(byte & 63)) & 1 != 0
    }
}

extension Span<UInt8> {
    /// Whether the bytes are `text`, which is ASCII in lower case, whatever their case.
    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let expected = unsafe UnsafeBufferPointer(
            start: text.utf8Start,
            count: text.utf8CodeUnitCount
        )
        for index in indices where unsafe ByteClass.lowercased(self[index]) != expected[index] {
            return false
        }
        return true
    }

    /// Whether the bytes are those of `other`, ASCII letters compared without case.
    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices
        where ByteClass.lowercased(self[index]) != ByteClass.lowercased(other[index]) {
            return false
        }
        return true
    }

    /// Whether the bytes are exactly those of `other`.
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// The bytes as text; what is not UTF-8 is replaced.
    func makeString() -> String {
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
