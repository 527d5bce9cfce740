/// The exact decimal digits of a finite double's magnitude, for rounding to a number of places as
/// Python does: correctly, halves to even.
///
/// Costs up to some thousand multiplications for numbers far from 1.
struct DecimalDigits {
    /// The digits 0...9 without leading zeros; the value is `0.DIGITS * 10^point`.
    private(set) var digits: [UInt8]
    private(set) var point: Int

    init(_ value: Double) {
        digits = []
        point = 0
        guard value.isFinite, value != 0 else { return }
        // value = mantissa * 2^exponent, and 2^-n = 5^n / 10^n.
        var mantissa = value.significandBitPattern
        var exponent = Int(value.exponentBitPattern) - 1075
        if value.exponentBitPattern > 0 { mantissa |= 1 << 52 } else { exponent += 1 }
        var limbs = [UInt64(mantissa % 1_000_000_000), UInt64(mantissa / 1_000_000_000)]
        for _ in 0..<exponent.magnitude { Self.multiply(&limbs, by: exponent < 0 ? 5 : 2) }
        for limb in limbs {
            var rest = limb
            for _ in 0..<9 {
                digits.append(UInt8(rest % 10))
                rest /= 10
            }
        }
        while digits.last == 0 { digits.removeLast() }
        digits.reverse()
        point = digits.count + min(exponent, 0)
    }

    private static func multiply(_ limbs: inout [UInt64], by factor: UInt64) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = limbs[index] * factor + carry
            limbs[index] = product % 1_000_000_000
            carry = product / 1_000_000_000
        }
        if carry > 0 { limbs.append(carry) }
    }

    /// Keeps `count` digits, rounding halves to even.
    mutating func round(to count: Int) {
        guard count < digits.count else { return }
        guard count >= 0 else {
            digits = []
            return
        }
        let next = digits[count]
        let isOdd = count > 0 && digits[count - 1] % 2 == 1
        let hasRest = digits[(count + 1)...].contains { $0 != 0 }
        let roundsUp = next > 5 || next == 5 && (hasRest || isOdd)
        digits.removeLast(digits.count - count)
        guard roundsUp else { return }
        var index = count - 1
        while index >= 0, digits[index] == 9 {
            digits[index] = 0
            index -= 1
        }
        if index >= 0 {
            digits[index] += 1
        } else {
            digits.insert(1, at: 0)
            point += 1
        }
    }

    /// `%.<places>f` of the magnitude; negative places round before the point.
    func fixed(places: Int) -> String {
        var rounded = self
        rounded.round(to: point + places)
        let shown = max(places, 0)
        var result = ""
        if rounded.point <= 0 {
            result = "0"
        } else {
            for index in 0..<rounded.point { result.unicodeScalars.append(rounded.digit(index)) }
        }
        guard shown > 0 else { return result }
        result += "."
        for place in 0..<shown {
            result.unicodeScalars.append(rounded.digit(rounded.point + place))
        }
        return result
    }

    /// `%.<places>e` of the magnitude.
    func scientific(places: Int) -> String {
        var rounded = self
        rounded.round(to: places + 1)
        let exponent = rounded.digits.isEmpty ? 0 : rounded.point - 1
        var result = String(rounded.digit(0))
        if places > 0 { result += "." }
        for place in 0..<places { result.unicodeScalars.append(rounded.digit(place + 1)) }
        let padding = exponent.magnitude < 10 ? "0" : ""
        return result + "e\(exponent < 0 ? "-" : "+")\(padding)\(exponent.magnitude)"
    }

    /// `%.<precision>g` of the magnitude, trailing zeros removed.
    func general(precision: Int) -> String {
        let significant = max(precision, 1)
        var rounded = self
        rounded.round(to: significant)
        let exponent = rounded.digits.isEmpty ? 0 : rounded.point - 1
        if exponent < -4 || exponent >= significant {
            let parts = scientific(places: significant - 1).split(separator: "e")
            return Self.trimmingZeros(String(parts[0])) + "e" + parts[1]
        }
        return Self.trimmingZeros(fixed(places: significant - 1 - exponent))
    }

    private static func trimmingZeros(_ text: String) -> String {
        guard text.containsText(".") else { return text }
        return text.stripped("0", leading: false).stripped(".", leading: false)
    }

    private func digit(_ index: Int) -> Unicode.Scalar {
        Unicode.Scalar(index >= 0 && index < digits.count ? digits[index] + 48 : 48)
    }
}
