/// `repr(float)`: the shortest digits that read back the same, exponents as Python writes them.
func pythonText(of value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    // Swift also gives the shortest digits, but changes to exponents elsewhere.
    var digits = ""
    var pointIndex: Int?
    var exponent = 0
    let text = value.magnitude.description
    for (index, character) in text.enumerated() {
        if character == "." {
            pointIndex = digits.count
        } else if character == "e" {
            exponent = Int(text.dropFirst(index + 1)) ?? 0
            break
        } else {
            digits.append(character)
        }
    }
    // The value is 0.DIGITS * 10^point.
    var point = (pointIndex ?? digits.count) + exponent
    let leadingZeros = digits.prefix { $0 == "0" }.count
    digits.removeFirst(leadingZeros)
    point -= leadingZeros
    while digits.last == "0" { digits.removeLast() }
    let sign = value.sign == .minus ? "-" : ""
    guard !digits.isEmpty else { return sign + "0.0" }
    if point > 16 || point < -3 {
        let power = point - 1
        let head = digits.removeFirst()
        let fraction = digits.isEmpty ? "" : "." + digits
        let padding = power.magnitude < 10 ? "0" : ""
        return "\(sign)\(head)\(fraction)e\(power < 0 ? "-" : "+")\(padding)\(power.magnitude)"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if digits.count <= point {
        return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
    }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
}
