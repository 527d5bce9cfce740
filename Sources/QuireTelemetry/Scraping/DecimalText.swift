/// A number in the text format, read without making a `String` of it.
///
/// Numbers whose digits fit 53 bits and whose power of ten is a `Double` (nearly all that engines
/// write) are exact after one multiplication or division; the rest goes to the standard library.
enum DecimalText {
    case finite(Double)
    /// NaN or an infinity, in any of the spellings that Go's parser takes.
    case special(Double)

    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        if let value = Self.decimal(bytes, range) {
            self = value.isFinite ? .finite(value) : .special(value)
        } else if let value = Self.special(bytes, range) {
            self = .special(value)
        } else {
            return nil
        }
    }

    var value: Double {
        switch self {
        case .finite(let value), .special(let value): value
        }
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private static func decimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
        var index = range.lowerBound
        let isNegative = index < range.upperBound && bytes[index] == UInt8(ascii: "-")
        if isNegative || (index < range.upperBound && bytes[index] == UInt8(ascii: "+")) {
            index += 1
        }
        var mantissa: UInt64 = 0
        var digitCount = 0
        var exponent = 0
        var isExact = true
        var seenPoint = false
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte &- UInt8(ascii: "0") < 10 {
                digitCount += 1
                if mantissa < 1 << 53 / 10 {
                    mantissa = mantissa * 10 + UInt64(byte &- UInt8(ascii: "0"))
                    if seenPoint { exponent -= 1 }
                } else {
                    isExact = false
                }
            } else {
                break
            }
            index += 1
        }
        if digitCount == 0 { return nil }
        if index < range.upperBound {
            guard let written = exponentValue(bytes, index..<range.upperBound) else { return nil }
            exponent += written
        }
        if isExact, abs(exponent) < powers.count {
            let value = Double(mantissa)
            let scaled = exponent < 0 ? value / powers[-exponent] : value * powers[exponent]
            return isNegative ? -scaled : scaled
        }
        let text = String(decoding: range.map { bytes[$0] }, as: UTF8.self)
        return Double(text)
    }

    /// What follows the digits: `e`, a sign, digits.
    private static func exponentValue(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        guard bytes[index] | 0x20 == UInt8(ascii: "e") else { return nil }
        index += 1
        guard index < range.upperBound else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative || bytes[index] == UInt8(ascii: "+") { index += 1 }
        guard index < range.upperBound, range.upperBound - index < 8 else { return nil }
        var value = 0
        while index < range.upperBound {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            index += 1
        }
        return isNegative ? -value : value
    }

    private static func special(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
        guard (3...9).contains(range.count) else { return nil }
        switch String(decoding: range.map { bytes[$0] | 0x20 }, as: UTF8.self) {
        case "nan": return .nan
        // A sign keeps itself or becomes `+` | 0x20 = `+`, `-` | 0x20 = `-`.
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: return nil
        }
    }
}
