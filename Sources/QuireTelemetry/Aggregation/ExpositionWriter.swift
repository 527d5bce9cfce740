/// Pieces of the text format, as bytes.
enum ExpositionWriter {
    /// A number as prometheus_client writes it: `3.0`, `0.25`, `+Inf`.
    static func append(_ value: Double, to output: inout [UInt8]) {
        // Most are whole: digits cost a fifth of the general way.
        if let whole = Int(exactly: value), abs(whole) < 1 << 53 {
            append(whole, to: &output)
            output.append(UInt8(ascii: "."))
            output.append(UInt8(ascii: "0"))
        } else if value.isNaN {
            output.append(contentsOf: "NaN".utf8)
        } else if value.isInfinite {
            output.append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8)
        } else {
            output.append(contentsOf: value.description.utf8)
        }
    }

    private static func append(_ whole: Int, to output: inout [UInt8]) {
        if whole < 0 { output.append(UInt8(ascii: "-")) }
        let start = output.count
        var rest = whole.magnitude
        repeat {
            output.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        output[start...].reverse()
    }

    /// HELP and TYPE of a family.
    ///
    /// `help` has its escapes already.
    static func appendHeader(
        _ name: [UInt8],
        _ kind: String,
        help: [UInt8],
        to output: inout [UInt8]
    ) {
        if !help.isEmpty {
            output.append(contentsOf: "# HELP ".utf8)
            output.append(contentsOf: name)
            output.append(UInt8(ascii: " "))
            output.append(contentsOf: help)
            output.append(UInt8(ascii: "\n"))
        }
        output.append(contentsOf: "# TYPE ".utf8)
        output.append(contentsOf: name)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: kind.utf8)
        output.append(UInt8(ascii: "\n"))
    }

    /// A text as the value of a label, escaped.
    static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}
