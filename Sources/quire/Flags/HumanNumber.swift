import ArgumentParser

/// A count as vLLM's flags take it: `4096`, `1k` = 1,000, `1K` = 1,024, `25.6k` = 25,600.
///
/// Lower-case suffixes k, m, g, t count in thousands and may follow a decimal; upper-case ones
/// count in 1,024s.
struct HumanNumber: ExpressibleByArgument, Hashable {
    var value: Int

    init(_ value: Int) { self.value = value }

    init?(argument: String) {
        guard let value = Self.parse(argument) else { return nil }
        self.value = value
    }

    var defaultValueDescription: String { "\(value)" }

    private static func parse(_ text: String) -> Int? {
        guard let last = text.unicodeScalars.last else { return nil }
        var digits = Substring(text)
        var factor = 1
        if let power = "kmgt".unicodeScalars.enumerated().first(where: { $0.element == last }) {
            digits = digits.dropLast()
            for _ in 0...power.offset { factor *= 1000 }
        } else if let power = "KMGT".unicodeScalars.enumerated().first(where: { $0.element == last }
        ) {
            digits = digits.dropLast()
            factor = 1 << (10 * (power.offset + 1))
        }
        if digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let whole = Int(digits) {
            let (value, overflows) = whole.multipliedReportingOverflow(by: factor)
            return overflows ? nil : value
        }
        // A fraction of 1,024s is refused, as vLLM does: nobody means 1.5 × 1,024.
        guard factor > 1, factor % 1000 == 0, digits.utf8.allSatisfy({ $0 != 0x2D && $0 != 0x2B }),
            digits.utf8.allSatisfy({ $0 == 0x2E || ($0 >= 0x30 && $0 <= 0x39) }),
            let fraction = Double(digits)
        else { return nil }
        return Int(exactly: (fraction * Double(factor)).rounded())
    }
}
