/// The alphabet of byte-level BPE: a printable character for each byte, so that vocabularies can
/// be written as text.
///
/// Bytes that are printable in Latin-1 stand for themselves, the other 68 are numbered from U+0100.
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256 as Range<UInt32>).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    /// The byte of each character below U+0144, −1 for the others.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    /// The byte that a character stands for, if it is one of the alphabet.
    @inline(__always)
    static func byte(of scalar: UInt32) -> UInt8? {
        guard scalar < 0x144 else { return nil }
        let byte = bytes[Int(scalar)]
        return byte < 0 ? nil : UInt8(byte)
    }

    /// Appends the bytes that a piece stands for; returns `false` and appends nothing if the piece
    /// holds a character outside the alphabet.
    static func appendBytes(of piece: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        let start = output.count
        var index = 0
        while index < piece.count {
            let scalar = piece.scalar(at: index)
            guard let byte = byte(of: scalar.value) else {
                output.removeLast(output.count - start)
                return false
            }
            output.append(byte)
            index = scalar.end
        }
        return true
    }
}
