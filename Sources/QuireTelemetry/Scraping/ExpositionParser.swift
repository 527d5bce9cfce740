/// Reads the lines of a scrape into the tables of an `Exposition`.
///
/// One pass, no look back but for family names, which are looked up only where a sample does not
/// belong to the family of the line before it.
struct ExpositionParser {
    typealias Slice = Exposition.Slice

    private let limits: ExpositionLimits
    private(set) var families: [Exposition.Family] = []
    private(set) var samples: [Exposition.Sample] = []
    private(set) var labels: [Exposition.Label] = []
    private(set) var badLineCount = 0
    private(set) var isTruncated = false

    /// Families by every name that a TYPE, a HELP or a sample has called them.
    private var index: [ByteKey: Int] = [:]
    /// Families that a TYPE line has typed, or that have samples: their type stands.
    private var isSettled: [Bool] = []
    private var hasSamples: [Bool] = []
    private var current = -1

    init(limits: ExpositionLimits) { self.limits = limits }

    mutating func parse(_ bytes: Span<UInt8>) {
        let end = min(bytes.count, limits.bytesMax, Int(Int32.max))
        isTruncated = end < bytes.count
        var start = 0
        var seenEnd = false
        while start < end {
            var lineEnd = start
            while lineEnd < end, bytes[lineEnd] != UInt8(ascii: "\n") { lineEnd += 1 }
            let isTerminated = lineEnd < end
            let line = Self.trimmed(bytes, start..<lineEnd)
            start = lineEnd + 1
            if line.isEmpty { continue }
            if seenEnd || line.count > limits.lineBytesMax {
                badLineCount += 1
            } else if bytes[line.lowerBound] == UInt8(ascii: "#") {
                if Self.matches(bytes, line, "# EOF") {
                    seenEnd = true
                } else if !isTerminated || !comment(bytes, line) {
                    badLineCount += 1
                }
            } else if !isTerminated || !sample(bytes, line) {
                badLineCount += 1
            }
            if samples.count >= limits.samplesMax || families.count >= limits.familiesMax {
                isTruncated = isTruncated || start < end
                return
            }
        }
    }

    // MARK: Comments

    /// A HELP or TYPE line, or a comment that says nothing.
    ///
    /// False if it cannot be read.
    private mutating func comment(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
        var rest = Self.trimmed(bytes, line.lowerBound + 1..<line.upperBound)
        let keyword = Self.word(bytes, &rest)
        let isType = Self.matches(bytes, keyword, "TYPE")
        guard isType || Self.matches(bytes, keyword, "HELP") else { return true }
        let name = Self.word(bytes, &rest)
        guard Self.nameEnd(bytes, name) == name.upperBound, !name.isEmpty else { return false }
        if !isType {
            guard Self.isUnicode(bytes, rest) else { return false }
            let family = family(named: Self.array(bytes, name))
            if families[family].help.isEmpty {
                families[family].help = Slice(rest.lowerBound, rest.upperBound)
            }
            current = family
            return true
        }
        var spelled = Self.array(bytes, name)
        let kind: Exposition.Kind
        switch String(decoding: Self.array(bytes, rest), as: UTF8.self) {
        case "counter": kind = .counter
        case "gauge", "stateset": kind = .gauge
        case "info":
            kind = .gauge
            if !spelled.hasSuffix("_info") { spelled += Array("_info".utf8) }
        case "histogram": kind = .histogram
        case "summary": kind = .summary
        // A gauge histogram's lines stand for themselves, as untyped ones.
        case "untyped", "unknown", "gaugehistogram": kind = .untyped
        default: return false
        }
        let family = family(named: spelled)
        guard !isSettled[family] || families[family].kind == kind else { return false }
        families[family].kind = kind
        isSettled[family] = true
        current = family
        return true
    }

    private mutating func family(named name: [UInt8]) -> Int {
        let key = ByteKey(name)
        if let known = index[key] { return known }
        families.append(Exposition.Family(name: name, kind: .untyped, help: Slice(0, 0)))
        isSettled.append(false)
        hasSamples.append(false)
        index[key] = families.count - 1
        return families.count - 1
    }

    // MARK: Samples

    private mutating func sample(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
        let firstLabel = labels.count
        let nameEnd = Self.nameEnd(bytes, line)
        guard nameEnd > line.lowerBound else { return false }
        let name = line.lowerBound..<nameEnd
        var position = Self.skip(bytes, nameEnd, line.upperBound)
        if position < line.upperBound, bytes[position] == UInt8(ascii: "{") {
            guard let end = readLabels(bytes, position + 1, line.upperBound, from: firstLabel)
            else {
                labels.removeLast(labels.count - firstLabel)
                return false
            }
            position = Self.skip(bytes, end, line.upperBound)
        } else if position == nameEnd {
            return false
        }
        guard let (number, text) = value(bytes, position..<line.upperBound),
            add(bytes, name, firstLabel, number, text)
        else {
            labels.removeLast(labels.count - firstLabel)
            return false
        }
        return true
    }

    /// The value, and after it a time stamp and an exemplar, which are checked and left out:
    /// what is rendered again is as old as its scrape.
    private func value(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (DecimalText, Slice)? {
        var rest = range
        let text = Self.word(bytes, &rest)
        guard let number = DecimalText(bytes, text) else { return nil }
        if !rest.isEmpty, bytes[rest.lowerBound] != UInt8(ascii: "#") {
            guard DecimalText(bytes, Self.word(bytes, &rest)) != nil else { return nil }
            if !rest.isEmpty, bytes[rest.lowerBound] != UInt8(ascii: "#") { return nil }
        }
        return (number, Slice(text.lowerBound, text.upperBound))
    }

    /// Reads labels up to the brace that ends them; what follows it, or nil.
    private mutating func readLabels(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int,
        from firstLabel: Int
    ) -> Int? {
        var position = start
        while true {
            position = Self.skip(bytes, position, end)
            guard position < end else { return nil }
            if bytes[position] == UInt8(ascii: "}") { return position + 1 }
            let nameStart = position
            position = Self.labelNameEnd(bytes, position..<end)
            let name = nameStart..<position
            guard !name.isEmpty, labels.count - firstLabel < limits.labelsPerSampleMax else {
                return nil
            }
            for known in labels[firstLabel...]
            where Self.equal(bytes, known.name.range, name) { return nil }
            position = Self.skip(bytes, position, end)
            guard position < end, bytes[position] == UInt8(ascii: "=") else { return nil }
            position = Self.skip(bytes, position + 1, end)
            guard position < end, bytes[position] == UInt8(ascii: "\"") else { return nil }
            position += 1
            let valueStart = position
            while position < end, bytes[position] != UInt8(ascii: "\"") {
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard position < end, Self.isUnicode(bytes, valueStart..<position) else { return nil }
            labels.append(
                Exposition.Label(
                    name: Slice(nameStart, name.upperBound),
                    value: Slice(valueStart, position)
                )
            )
            position = Self.skip(bytes, position + 1, end)
            guard position < end else { return nil }
            if bytes[position] == UInt8(ascii: ",") { position += 1 }
        }
    }

    /// Puts a sample with its family.
    ///
    /// False if its family cannot have such a line.
    private mutating func add(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ firstLabel: Int,
        _ number: DecimalText,
        _ text: Slice
    ) -> Bool {
        guard let (family, part) = place(bytes, name) else { return false }
        // The time a counter was made has no place in format 0.0.4.
        guard let part else {
            labels.removeLast(labels.count - firstLabel)
            return true
        }
        var bound = 0.0
        if part == .bucket {
            guard
                let position = labels[firstLabel...].firstIndex(where: {
                    Self.matches(bytes, $0.name.range, "le")
                }),
                let limit = DecimalText(bytes, labels[position].value.range),
                !limit.value.isNaN
            else { return false }
            bound = limit.value
            labels.remove(at: position)
        }
        isSettled[family] = true
        hasSamples[family] = true
        current = family
        var written = text
        if case .special = number { written = Slice(0, 0) }
        samples.append(
            Exposition.Sample(
                family: Int32(family),
                part: part,
                labelStart: Int32(firstLabel),
                labelEnd: Int32(labels.count),
                bound: bound,
                value: number.value,
                text: written
            )
        )
        return true
    }

    /// The family and part of a sample with this name; nil part: to be left out.
    private mutating func place(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>
    ) -> (family: Int, part: Exposition.Part?)? {
        if current >= 0, let part = match(bytes, name, current) { return (current, part) }
        let spelled = Self.array(bytes, name)
        if let known = index[ByteKey(spelled)] {
            return match(bytes, name, known).map { (known, $0) }
        }
        for suffix in ["_bucket", "_total", "_sum", "_count", "_created"]
        where spelled.hasSuffix(suffix) {
            guard let known = index[ByteKey(Array(spelled.dropLast(suffix.utf8.count)))] else {
                continue
            }
            if let part = match(bytes, name, known) { return (known, part) }
            let kind = families[known].kind
            if suffix == "_created", kind != .gauge, kind != .untyped { return (known, nil) }
        }
        return (family(named: spelled), .value)
    }

    /// Whether a sample of this name is of this family.
    private mutating func match(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ family: Int
    ) -> Exposition.Part? {
        let kind = families[family].kind
        let length = families[family].name.count
        guard name.count >= length else { return nil }
        for offset in 0..<length
        where bytes[name.lowerBound + offset] != families[family].name[offset] { return nil }
        let suffix = name.lowerBound + length..<name.upperBound
        if suffix.isEmpty { return kind == .histogram ? nil : .value }
        guard bytes[suffix.lowerBound] == UInt8(ascii: "_") else { return nil }
        switch kind {
        case .histogram where Self.matches(bytes, suffix, "_bucket"): return .bucket
        case .histogram where Self.matches(bytes, suffix, "_sum"): return .sum
        case .histogram where Self.matches(bytes, suffix, "_count"): return .count
        case .summary where Self.matches(bytes, suffix, "_sum"): return .sum
        case .summary where Self.matches(bytes, suffix, "_count"): return .count
        case .counter where Self.matches(bytes, suffix, "_total"):
            return takeTotal(family) ? .value : nil
        default: return nil
        }
    }

    /// An OpenMetrics counter says `foo` in its TYPE and `foo_total` in its samples: takes the
    /// latter as the family's name, if nothing else has it.
    private mutating func takeTotal(_ family: Int) -> Bool {
        let total = families[family].name + Array("_total".utf8)
        let key = ByteKey(total)
        guard index[key] == nil, !hasSamples[family] else { return false }
        index[key] = family
        families[family].name = total
        return true
    }
}

// MARK: - Bytes

extension ExpositionParser {
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isBlank(bytes[start]) { start += 1 }
        while start < end, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func skip(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var position = start
        while position < end, isBlank(bytes[position]) { position += 1 }
        return position
    }

    /// Takes the word that `range` begins with, and the blanks after it.
    private static func word(_ bytes: Span<UInt8>, _ range: inout Range<Int>) -> Range<Int> {
        var end = range.lowerBound
        while end < range.upperBound, !isBlank(bytes[end]) { end += 1 }
        let word = range.lowerBound..<end
        range = skip(bytes, end, range.upperBound)..<range.upperBound
        return word
    }

    private static func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        let letter = byte | 0x20
        return (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z"))
            || byte == UInt8(ascii: "_")
            || (!isFirst && byte &- UInt8(ascii: "0") < 10)
    }

    private static func nameEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var end = range.lowerBound
        while end < range.upperBound,
            isNameByte(bytes[end], isFirst: end == range.lowerBound)
                || bytes[end] == UInt8(ascii: ":")
        { end += 1 }
        return end
    }

    private static func labelNameEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var end = range.lowerBound
        while end < range.upperBound, isNameByte(bytes[end], isFirst: end == range.lowerBound) {
            end += 1
        }
        return end
    }

    private static func equal(_ bytes: Span<UInt8>, _ a: Range<Int>, _ b: Range<Int>) -> Bool {
        guard a.count == b.count else { return false }
        for offset in 0..<a.count
        where bytes[a.lowerBound + offset] != bytes[b.lowerBound + offset] { return false }
        return true
    }

    private static func matches(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ text: StaticString
    ) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in
            for offset in 0..<range.count
            where unsafe bytes[range.lowerBound + offset] != text[offset] { return false }
            return true
        }
    }

    private static func isUnicode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] >= 0x80 {
            return (try? UTF8Span(validating: bytes.extracting(range))) != nil
        }
        return true
    }

    private static func array(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            for index in range { unsafe buffer[index - range.lowerBound] = bytes[index] }
            count = range.count
        }
    }
}

extension [UInt8] {
    func hasSuffix(_ suffix: String) -> Bool {
        count >= suffix.utf8.count
            && self[(count - suffix.utf8.count)...].elementsEqual(suffix.utf8)
    }
}
