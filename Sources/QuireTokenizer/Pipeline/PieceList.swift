/// A text and the pieces it is cut into, refined by one pre-tokenizer step after another.
///
/// Pieces are ranges of one buffer, so a step costs one pass over the text.
struct PieceList {
    private(set) var bytes: [UInt8]
    private(set) var ranges: [Range<Int>]
    /// Instructions that patterns took to cut it.
    private(set) var stepCount = 0

    init(_ text: Span<UInt8>) {
        bytes = []
        bytes.append(text, from: 0, to: text.count)
        ranges = text.isEmpty ? [] : [0..<text.count]
    }

    /// Cuts every piece at the matches of a pattern; empty pieces vanish.
    mutating func split(
        by pattern: SplitPattern,
        _ behavior: PreTokenizer.Behavior,
        isInverted: Bool
    ) {
        var search = RegexProgram.Search()
        var output: [Range<Int>] = []
        output.reserveCapacity(ranges.count)
        let source = bytes
        let text = source.span
        for piece in ranges {
            let view = text.extracting(piece)
            var joiner = PieceJoiner(behavior: behavior, base: output.count)
            var index = 0
            while index < view.count {
                guard let match = pattern.nextMatch(in: view, from: index, search: &search) else {
                    break
                }
                let offset = piece.lowerBound
                joiner.add(
                    offset + index..<offset + match.lowerBound,
                    isMatch: isInverted,
                    to: &output
                )
                joiner.add(
                    offset + match.lowerBound..<offset + match.upperBound,
                    isMatch: !isInverted,
                    to: &output
                )
                index = match.upperBound
            }
            joiner.add(
                piece.lowerBound + index..<piece.upperBound,
                isMatch: isInverted,
                to: &output
            )
        }
        ranges = output
        stepCount += search.stepCount
    }

    /// Writes each byte as its character of the byte alphabet.
    mutating func mapBytes() {
        rebuild { piece, output in
            for byte in piece { output.append(scalar: ByteAlphabet.scalars[Int(byte)]) }
        }
    }

    /// Puts `prefix` before every piece that does not begin with it, or before the first one only.
    mutating func prepend(_ prefix: [UInt8], toFirstOnly: Bool) {
        var isFirst = true
        rebuild { piece, output in
            if isFirst || !toFirstOnly, !piece.starts(with: prefix) {
                output.append(contentsOf: prefix)
            }
            isFirst = false
            output.append(contentsOf: piece)
        }
    }

    /// Replaces every space by `replacement`.
    mutating func replaceSpaces(by replacement: [UInt8]) {
        rebuild { piece, output in
            for byte in piece {
                if byte == 0x20 {
                    output.append(contentsOf: replacement)
                } else {
                    output.append(byte)
                }
            }
        }
    }

    private mutating func rebuild(_ body: (ArraySlice<UInt8>, inout [UInt8]) -> Void) {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 2 + ranges.count)
        for index in ranges.indices {
            let start = output.count
            body(bytes[ranges[index]], &output)
            ranges[index] = start..<output.count
        }
        bytes = output
    }
}

/// Turns the matches and gaps of one piece into new pieces, as a behaviour asks.
private struct PieceJoiner {
    let behavior: PreTokenizer.Behavior
    /// How many pieces there were before this one was cut: those may not be merged with.
    let base: Int
    private var wasMatch = false
    private var hasPrevious = false

    init(behavior: PreTokenizer.Behavior, base: Int) {
        self.behavior = behavior
        self.base = base
    }

    mutating func add(_ range: Range<Int>, isMatch: Bool, to output: inout [Range<Int>]) {
        guard !range.isEmpty else { return }
        let last = output.count - 1
        var merges = false
        switch behavior {
        case .removed:
            if isMatch { return }
        case .isolated: break
        case .contiguous: merges = hasPrevious && wasMatch == isMatch
        case .mergedWithPrevious: merges = isMatch && !wasMatch && hasPrevious
        case .mergedWithNext: merges = !isMatch && wasMatch && hasPrevious
        }
        if merges, last >= base {
            output[last] = output[last].lowerBound..<range.upperBound
        } else {
            output.append(range)
        }
        hasPrevious = true
        wasMatch = isMatch
    }
}
