/// The step of a UTF-8 validator: how the sequence at the head of some bytes stands.
enum UTF8Sequence {
    /// A whole character of so many bytes.
    case complete(Int)
    /// The beginning of a character: more bytes could complete it.
    case incomplete
    /// So many bytes that can never become a character (a maximal subpart, as Unicode advises to
    /// replace by one U+FFFD).
    case invalid(Int)

    /// Looks at the sequence that begins at `index`, which must be inside.
    init(_ bytes: Span<UInt8>, at index: Int) {
        let first = bytes[index]
        if first < 0x80 {
            self = .complete(1)
            return
        }
        let needed: Int
        var lowest: UInt8 = 0x80
        var highest: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: needed = 1
        case 0xE0:
            needed = 2
            lowest = 0xA0
        case 0xE1...0xEC, 0xEE...0xEF: needed = 2
        case 0xED:
            needed = 2
            highest = 0x9F
        case 0xF0:
            needed = 3
            lowest = 0x90
        case 0xF1...0xF3: needed = 3
        case 0xF4:
            needed = 3
            highest = 0x8F
        default:
            self = .invalid(1)
            return
        }
        for offset in 1...needed {
            guard index + offset < bytes.count else {
                self = .incomplete
                return
            }
            let byte = bytes[index + offset]
            guard byte >= lowest, byte <= highest else {
                self = .invalid(offset)
                return
            }
            lowest = 0x80
            highest = 0xBF
        }
        self = .complete(needed + 1)
    }
}

extension Span<UInt8> {
    /// Whether the bytes are valid UTF-8 from end to end.
    var isValidUTF8: Bool {
        var index = 0
        while index < count {
            guard case .complete(let length) = UTF8Sequence(self, at: index) else { return false }
            index += length
        }
        return true
    }
}

extension Span<UInt8> {
    /// A copy in which each maximal invalid part is one U+FFFD.
    func repairedUTF8() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(count + count / 4)
        var index = 0
        while index < count {
            switch UTF8Sequence(self, at: index) {
            case .complete(let length):
                output.append(self, from: index, to: index + length)
                index += length
            case .invalid(let length):
                output.append(contentsOf: UTF8.encodedReplacementCharacter)
                index += length
            case .incomplete:
                output.append(contentsOf: UTF8.encodedReplacementCharacter)
                index = count
            }
        }
        return output
    }
}
