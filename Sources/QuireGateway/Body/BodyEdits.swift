package import NIOCore
import QuireOpenAI

/// Changes to a JSON text, byte-exact: what no edit names stays as it is.
///
/// Edits are places found by a scan of the same text. They may be added in any order and applied
/// any number of times, as slices that share the text's memory or as one new buffer. Two edits may
/// begin at one place (then they follow each other as they were added) but not overlap otherwise.
package struct BodyEdits: Sendable, Hashable {
    struct Edit: Sendable, Hashable {
        var range: Range<Int>
        var replacement: ByteBuffer
    }

    /// In the order of the text.
    private(set) var edits: [Edit] = []

    package init() {}

    package var isEmpty: Bool { edits.isEmpty }

    // MARK: What a request may need

    /// Gives the upstream its own name for the model; a body without a model stays without.
    package mutating func setModel(_ model: String, _ layout: BodyLayout) {
        guard let range = layout.model else { return }
        var value = ByteBuffer()
        value.writeJSONString(model)
        replace(range, with: value)
    }

    /// Asks for the usage chunk where the answer is a stream and the client did not ask itself.
    ///
    /// `stream_options` that are not an object are left for the engine to refuse.
    package mutating func includeUsage(_ scan: RoutingScan) {
        guard scan.stream, !scan.includeUsage else { return }
        switch scan.layout.streamOptions {
        case .absent:
            insert(#""stream_options":{"include_usage":true},"#, at: scan.layout.interior)
        case .null(let range): replace(range, with: #"{"include_usage":true}"#)
        case .object(_, _, let range?): replace(range, with: "true")
        case .object(let interior, let isEmpty, nil):
            insert(isEmpty ? #""include_usage":true"# : #""include_usage":true,"#, at: interior)
        case .unusable: break
        }
    }

    // MARK: Edits

    mutating func replace(_ range: Range<Int>, with text: StaticString) {
        replace(range, with: ByteBuffer(staticString: text))
    }

    mutating func insert(_ text: StaticString, at offset: Int) {
        replace(offset..<offset, with: text)
    }

    mutating func insert(_ bytes: ByteBuffer, at offset: Int) {
        replace(offset..<offset, with: bytes)
    }

    mutating func replace(_ range: Range<Int>, with integer: Int) {
        var text = ByteBuffer()
        text.writeJSONInteger(integer)
        replace(range, with: text)
    }

    mutating func replace(_ range: Range<Int>, with replacement: ByteBuffer) {
        let index = edits.lastIndex { $0.range.lowerBound <= range.lowerBound } ?? -1
        edits.insert(Edit(range: range, replacement: replacement), at: index + 1)
    }

    /// The same edits of a text that has so many bytes before this one.
    func shifted(by offset: Int) -> BodyEdits {
        var shifted = self
        for index in edits.indices {
            let range = edits[index].range
            shifted.edits[index].range =
                (range.lowerBound + offset)..<(range.upperBound + offset)
        }
        return shifted
    }

    // MARK: The result

    /// The edited text in pieces, in order: slices of the text and what was put in.
    package func slices(of text: ByteBuffer) -> [ByteBuffer] {
        guard !edits.isEmpty else { return [text] }
        var slices: [ByteBuffer] = []
        slices.reserveCapacity(2 * edits.count + 1)
        forEachPiece(of: text) { slices.append($0) }
        return slices
    }

    /// The edited text as one buffer: the same one if there are no edits.
    package func applied(to text: ByteBuffer) -> ByteBuffer {
        guard !edits.isEmpty else { return text }
        var result = ByteBuffer()
        result.reserveCapacity(text.readableBytes + edits.reduce(0, Self.growth))
        forEachPiece(of: text) { result.writeImmutableBuffer($0) }
        return result
    }

    private static func growth(_ sum: Int, _ edit: Edit) -> Int {
        sum + edit.replacement.readableBytes
    }

    private func forEachPiece(of text: ByteBuffer, _ body: (ByteBuffer) -> Void) {
        let base = text.readerIndex
        var position = 0
        for edit in edits {
            let start = edit.range.lowerBound
            guard start >= position,
                let kept = text.getSlice(at: base + position, length: start - position)
            else { preconditionFailure("edits overlap or are of another text") }
            if start > position { body(kept) }
            if edit.replacement.readableBytes > 0 { body(edit.replacement) }
            position = edit.range.upperBound
        }
        guard let rest = text.getSlice(at: base + position, length: text.readableBytes - position)
        else { preconditionFailure("edits are of another text") }
        if rest.readableBytes > 0 { body(rest) }
    }
}
