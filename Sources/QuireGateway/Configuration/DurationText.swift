/// Lengths of time as configurations write them.
///
/// | Written | By | Is |
/// |---|---|---|
/// | `10`, `0.5`, `"10"` | nginx, LiteLLM | seconds |
/// | `500ms`, `10s`, `1m30s`, `2h`, `1d`, `10 s` | nginx, Spring, Go | the sum of its parts |
/// | `PT10S`, `PT1M30.5S`, `P1DT2H` | Resilience4j, ISO 8601 | the same |
package enum DurationText {
    /// Ten years: a longer one is a slip, and sums of points in time stay far from overflow.
    static let longestSeconds = 315_360_000.0

    /// The length of time, or `nil` if the text is none.
    package static func parse(_ text: String) -> Duration? {
        let characters = Array(text.utf8).filter { $0 != UInt8(ascii: " ") }
        guard let first = characters.first else { return nil }
        let milliseconds =
            first | 0x20 == UInt8(ascii: "p")
            ? isoMilliseconds(characters.dropFirst()) : plainMilliseconds(characters[...])
        return milliseconds.flatMap { duration(seconds: $0 / 1000) }
    }

    /// The length of time of a number of seconds; `nil` if it is negative or too long.
    package static func duration(seconds: Double) -> Duration? {
        guard seconds >= 0, seconds <= longestSeconds else { return nil }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    /// The shortest text that `parse` reads back, of a whole number of milliseconds.
    package static func render(_ duration: Duration) -> String {
        var milliseconds = duration.clampedNanoseconds / 1_000_000
        if milliseconds == 0 { return "0s" }
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        milliseconds /= 1000
        if milliseconds % 3600 == 0 { return "\(milliseconds / 3600)h" }
        if milliseconds % 60 == 0 { return "\(milliseconds / 60)m" }
        return "\(milliseconds)s"
    }

    /// `1m30s`; a number alone is seconds.
    private static func plainMilliseconds(_ text: ArraySlice<UInt8>) -> Double? {
        var rest = text
        var sum = 0.0
        // Each unit once, the longer ones first, as nginx wants it; so `5s10` is a slip.
        var previousUnit = Double.infinity
        while !rest.isEmpty {
            guard let number = takeNumber(&rest) else { return nil }
            let letters = rest.prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
            rest = rest.dropFirst(letters.count)
            let unit: Double
            switch String(decoding: letters, as: UTF8.self).lowercased() {
            case "ms": unit = 1
            case "s": unit = 1000
            case "m": unit = 60_000
            case "h": unit = 3_600_000
            case "d": unit = 86_400_000
            case "" where rest.isEmpty && sum == 0 && previousUnit == .infinity: unit = 1000
            default: return nil
            }
            guard unit < previousUnit else { return nil }
            previousUnit = unit
            sum += number * unit
        }
        return sum
    }

    /// What follows the `P`.
    private static func isoMilliseconds(_ text: ArraySlice<UInt8>) -> Double? {
        var rest = text
        var sum = 0.0
        var isTime = false
        var previousUnit = Double.infinity
        while let next = rest.first {
            if next | 0x20 == UInt8(ascii: "t"), !isTime {
                isTime = true
                rest = rest.dropFirst()
                guard !rest.isEmpty else { return nil }
                continue
            }
            guard let number = takeNumber(&rest), let letter = rest.popFirst() else { return nil }
            let unit: Double
            switch (letter | 0x20, isTime) {
            case (UInt8(ascii: "d"), false): unit = 86_400_000
            case (UInt8(ascii: "h"), true): unit = 3_600_000
            case (UInt8(ascii: "m"), true): unit = 60_000
            case (UInt8(ascii: "s"), true): unit = 1000
            default: return nil
            }
            guard unit < previousUnit else { return nil }
            previousUnit = unit
            sum += number * unit
        }
        return previousUnit == .infinity ? nil : sum
    }

    /// Digits with at most one point among them.
    private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Double? {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 || $0 == UInt8(ascii: ".") }
        guard digits.first != UInt8(ascii: "."), digits.last != UInt8(ascii: "."),
            let value = Double(String(decoding: digits, as: UTF8.self))
        else { return nil }
        rest = rest.dropFirst(digits.count)
        return value
    }
}
