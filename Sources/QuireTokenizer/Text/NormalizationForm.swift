// The public library has no normalisation yet; this interface of it is what its own string
// comparison stands on. The alternative, Foundation, would triple the size of the binary.
@_spi(_Unicode) import Swift

/// A Unicode normalisation form, applied only where a quick check cannot rule it out.
enum NormalizationForm: Sendable {
    case nfc, nfd

    /// The text in this form, or `nil` if the quick check shows that it already is.
    func apply(to text: Span<UInt8>) -> [UInt8]? {
        guard mayChange(text) else { return nil }
        if let ordered = MarkRuns.ordered(text) { return normalized(ordered.span) }
        return normalized(text)
    }

    private func normalized(_ text: Span<UInt8>) -> [UInt8] {
        let string = unsafe text.withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        switch self {
        case .nfc: for scalar in string._nfc { output.append(scalar: scalar) }
        case .nfd: for scalar in string._nfd { output.append(scalar: scalar) }
        }
        return output
    }

    /// Whether the text holds a scalar that the form could touch.
    ///
    /// Below U+0300 everything is composed already, and the scripts listed hold neither marks nor
    /// decomposable letters.
    private func mayChange(_ text: Span<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            // Bytes below 0xCC begin (or continue) scalars below U+0300.
            if text[index] < 0xC0 {
                index += 1
                continue
            }
            let scalar = text.scalar(at: index)
            index = scalar.end
            switch scalar.value {
            case 0..<0xC0: continue
            case 0xC0..<0x300: if self == .nfd { return true }
            case 0x2010...0x2027, 0x2030...0x205E: continue
            // CJK punctuation, kana without the voicing marks' neighbourhood, ideographs.
            case 0x3000...0x3029, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xFF01...0xFFEE: continue
            case 0x3041...0x3098, 0x309B...0x30FF: if self == .nfd { return true }
            case 0xAC00...0xD7A3: if self == .nfd { return true }
            case 0x0410...0x0418, 0x041A...0x0438, 0x043A...0x044F: continue
            case 0x0401, 0x0451: if self == .nfd { return true }
            default: return true
            }
        }
        return false
    }
}
