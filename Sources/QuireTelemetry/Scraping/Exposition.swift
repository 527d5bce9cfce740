/// One scrape of Prometheus' text format (0.0.4 or OpenMetrics), taken apart.
///
/// A value: the scraped bytes, and tables that point into them, so that a sample costs no
/// allocation. Families carry the names they have in format 0.0.4 (an OpenMetrics counter `foo`
/// is `foo_total` here), each once, in the order of their first appearance.
///
/// Reading forgives: a line that cannot be read is skipped and counted, a sample without TYPE is
/// untyped, white space and CRLF are as the writer liked. It does not guess: a last line without
/// its line feed may be half a number, so it is not read.
package struct Exposition: Sendable {
    package enum Kind: UInt8, Sendable { case counter, gauge, histogram, summary, untyped }

    /// Which line of its family a sample is.
    package enum Part: UInt8, Sendable { case value, bucket, sum, count }

    /// `[start, end)` in `bytes`; 32 bits because a scrape is far smaller.
    package struct Slice: Sendable, Equatable {
        package let start: Int32
        package let end: Int32

        init(_ start: Int, _ end: Int) {
            self.start = Int32(start)
            self.end = Int32(end)
        }

        package var range: Range<Int> { Int(start)..<Int(end) }
        package var isEmpty: Bool { start == end }
    }

    /// A label as it was written: the value still has its escapes, and is valid UTF-8.
    package struct Label: Sendable {
        package let name: Slice
        package let value: Slice
    }

    package struct Family: Sendable {
        package internal(set) var name: [UInt8]
        package internal(set) var kind: Kind
        /// As written, with its escapes.
        package internal(set) var help: Slice
    }

    package struct Sample: Sendable {
        package let family: Int32
        package let part: Part
        let labelStart: Int32
        let labelEnd: Int32
        /// The bound of a bucket, else 0.
        package let bound: Double
        package let value: Double
        /// The value as written; empty for NaN and infinities, which have many spellings.
        package let text: Slice

        /// Where its labels are in `labels`; a bucket's `le` is not among them.
        package var labels: Range<Int> { Int(labelStart)..<Int(labelEnd) }
    }

    package let bytes: [UInt8]
    package internal(set) var families: [Family] = []
    package internal(set) var samples: [Sample] = []
    package internal(set) var labels: [Label] = []
    /// Lines that were skipped because they could not be read.
    package internal(set) var badLineCount = 0
    /// Whether a limit was met, so that what followed is missing.
    package internal(set) var isTruncated = false

    /// Reads a whole scrape.
    ///
    /// Cost: one pass; bounded by `limits`.
    package init(parsing bytes: [UInt8], limits: ExpositionLimits = ExpositionLimits()) {
        self.bytes = bytes
        var parser = ExpositionParser(limits: limits)
        parser.parse(bytes.span)
        families = parser.families
        samples = parser.samples
        labels = parser.labels
        badLineCount = parser.badLineCount
        isTruncated = parser.isTruncated
    }

    /// The text of a label's value, without escapes.
    package func text(of label: Label) -> String {
        var unescaped: [UInt8] = []
        var index = Int(label.value.start)
        while index < Int(label.value.end) {
            var byte = bytes[index]
            if byte == UInt8(ascii: "\\"), index + 1 < Int(label.value.end) {
                switch bytes[index + 1] {
                case UInt8(ascii: "n"): byte = UInt8(ascii: "\n")
                case UInt8(ascii: "\\"), UInt8(ascii: "\""): byte = bytes[index + 1]
                default: index -= 1
                }
                index += 1
            }
            unescaped.append(byte)
            index += 1
        }
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// The label called `name` of a sample.
    package func label(_ name: StaticString, of sample: Sample) -> Label? {
        labels[sample.labels].first { equals($0.name, name) }
    }

    /// Whether a slice is this text.
    package func equals(_ slice: Slice, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { text in
            unsafe text.count == slice.range.count && bytes[slice.range].elementsEqual(text)
        }
    }
}

/// What a scrape may cost.
///
/// At a limit the rest is left out, and the scrape says so.
package struct ExpositionLimits: Sendable {
    package var bytesMax = 16 << 20
    package var lineBytesMax = 64 << 10
    package var familiesMax = 10_000
    package var samplesMax = 100_000
    package var labelsPerSampleMax = 64

    package init() {}
}
