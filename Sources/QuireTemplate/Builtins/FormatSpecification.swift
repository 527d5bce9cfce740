/// How one value is formatted: what `%-8.2f` and `{:<8.2f}` have in common.
struct FormatSpecification {
    enum Alignment { case left, right, center, afterSign }

    var fill = " "
    var alignment: Alignment?
    /// The alignment of texts if none is asked for: right for `%`, left for braces.
    var textAlignment = Alignment.left
    /// `+`, a space, or nothing for positive numbers.
    var positiveSign = ""
    var isAlternate = false
    var groupSeparator: String?
    var width = 0
    var precision: Int?
    /// The conversion; `nil` for the type's own.
    var type: Unicode.Scalar?

    /// Fills to the width; numbers are aligned right by default.
    func padded(_ text: String, sign: String = "", isNumber: Bool) -> String {
        let missing = max(width - text.scalarCount - sign.utf8.count, 0)
        func fill(_ count: Int) -> String { String(repeating: self.fill, count: count) }
        return switch alignment ?? (isNumber ? .right : textAlignment) {
        case .left: sign + text + fill(missing)
        case .right: fill(missing) + sign + text
        case .center: fill(missing / 2) + sign + text + fill(missing - missing / 2)
        case .afterSign: sign + fill(missing) + text
        }
    }

    /// A text, cut to the precision.
    func formatted(_ text: String) -> String {
        var text = text
        if let precision { text = text.slice(0..<text.byteOffset(ofScalar: precision)) }
        return padded(text, isNumber: false)
    }

    /// An integer in the base that the type says; `nil` if the type is none of integers.
    func formatted(_ value: Int) -> String? {
        var digits: String
        switch type {
        case nil, "d", "i", "u", "n": digits = String(value.magnitude)
        case "x": digits = (isAlternate ? "0x" : "") + String(value.magnitude, radix: 16)
        case "X":
            digits =
                (isAlternate ? "0X" : "") + String(value.magnitude, radix: 16, uppercase: true)
        case "o": digits = (isAlternate ? "0o" : "") + String(value.magnitude, radix: 8)
        case "b": digits = (isAlternate ? "0b" : "") + String(value.magnitude, radix: 2)
        default: return nil
        }
        if let precision {
            digits = String(repeating: "0", count: max(precision - digits.utf8.count, 0)) + digits
        }
        return padded(grouped(digits), sign: value < 0 ? "-" : positiveSign, isNumber: true)
    }

    /// A floating point number; `nil` if the type is none of those.
    func formatted(_ value: Double) -> String? {
        let isNegative = value.sign == .minus && !value.isNaN
        let sign = isNegative ? "-" : positiveSign
        let isUpper = type.map { $0.properties.isUppercase } ?? false
        var text: String
        if !value.isFinite {
            text = value.isNaN ? "nan" : "inf"
        } else {
            let digits = DecimalDigits(value)
            switch type {
            case "f", "F": text = digits.fixed(places: precision ?? 6)
            case "e", "E": text = digits.scientific(places: precision ?? 6)
            case "g", "G", "n": text = digits.general(precision: precision ?? 6)
            case "%":
                text = DecimalDigits(value * 100).fixed(places: precision ?? 6) + "%"
            case nil:
                text =
                    precision.map { digits.general(precision: $0) }
                    ?? pythonText(of: value.magnitude)
                if precision != nil, !text.containsText("."), !text.containsText("e") {
                    text += ".0"
                }
            default: return nil
            }
        }
        return padded(grouped(isUpper ? text.pythonUppercased : text), sign: sign, isNumber: true)
    }

    /// Puts the separator between groups of three digits before the point.
    private func grouped(_ text: String) -> String {
        guard let groupSeparator else { return text }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += groupSeparator }
            result.append(digit)
        }
        return result + text.dropFirst(digits.count)
    }
}
