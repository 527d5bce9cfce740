package import NIOCore

/// Renders the server-sent events of one stream, chunk for chunk as vLLM sends them.
///
/// Everything that does not change between chunks is rendered once, in `init`; a plain token then
/// costs two copies and its own escaping, straight into the connection's buffer: no allocation,
/// no `String`. A value that lives in the stream's row on its event loop. The order of calls is the
/// caller's: `writeRole` once per chat choice, `writeDelta` or `writeChunk` per piece of text, one
/// `writeChunk` with a finish per choice, `writeUsage` if wanted, `writeDone`.
package struct StreamEncoder: Sendable {
    package enum Kind: Sendable, Hashable {
        case chat, completion
    }

    package let kind: Kind
    let logprobs: LogprobsWriter
    /// Head, middle and tail in one array, so that a chunk touches one allocation.
    ///
    ///     [0, headEnd)            data: {"id":…,"choices":[{"index":
    ///     [headEnd, headEnd + 1)  0, the digit that is overwritten in the copy
    ///     [headEnd + 1, textAt)   ,"delta":{"content":"        or  ,"text":"
    ///     [textAt, end)           "},"logprobs":null,…}]}\n\n
    private let template: [UInt8]
    private let headEnd: Int
    private let textAt: Int

    /// Renders the stream's template.
    ///
    /// - Parameters:
    ///   - kind: Chat chunks or completion chunks.
    ///   - id: The response's id, the same in every chunk.
    ///   - created: Seconds since 1970.
    ///   - model: The served model's name.
    ///   - tokensAsTokenIDs: Whether logprobs name tokens `token_id:123`.
    package init(
        _ kind: Kind,
        id: String,
        created: Int,
        model: String,
        tokensAsTokenIDs: Bool = false
    ) {
        var buffer = ByteBuffer()
        buffer.writeStaticString(#"data: {"id":"#)
        buffer.writeJSONString(id)
        buffer.writeStaticString(
            kind == .chat
                ? #","object":"chat.completion.chunk","created":"#
                : #","object":"text_completion","created":"#
        )
        buffer.writeJSONInteger(created)
        buffer.writeStaticString(#","model":"#)
        buffer.writeJSONString(model)
        buffer.writeStaticString(#","choices":["#)
        buffer.writeStaticString(Self.choiceOpening)
        self.headEnd = buffer.writerIndex
        buffer.writeStaticString(kind == .chat ? #"0,"delta":{"content":""# : #"0,"text":""#)
        self.textAt = buffer.writerIndex
        if kind == .chat {
            buffer.writeStaticString(
                #""},"logprobs":null,"finish_reason":null,"token_ids":null}]}"#
            )
        } else {
            buffer.writeStaticString(
                #"","logprobs":null,"finish_reason":null,"stop_reason":null,"#
            )
            buffer.writeStaticString(#""prompt_token_ids":null,"token_ids":null}]}"#)
        }
        buffer.writeStaticString("\n\n")
        self.template = Array(buffer.readableBytesView)
        self.kind = kind
        self.logprobs = LogprobsWriter(tokensAsTokenIDs: tokensAsTokenIDs)
    }

    private static let choiceOpening: StaticString = #"{"index":"#

    /// Writes the chunk of a plain piece of text: the hot path.
    package func writeDelta(choice: Int, text: Span<UInt8>, into buffer: inout ByteBuffer) {
        guard choice >= 0, choice < 10, text.count <= 1024 else {
            // Rare: more than ten choices, or a piece so long that its escapes are counted first.
            writeChunk(choice: choice, text: text, ChunkDetails(), into: &buffer)
            return
        }
        // Room for the worst case at once, then plain pointers: NIO's checked write of the same
        // bytes took a third more instructions (a slice, a second uniqueness check).
        let bound = template.count + text.count * JSONEscaping.maxGrowth
        buffer.reserveCapacity(minimumWritableBytes: bound)
        let start = buffer.writerIndex
        let count = unsafe buffer.withVeryUnsafeMutableBytes { bytes -> Int in
            guard bytes.count - start >= bound, let base = bytes.baseAddress else {
                preconditionFailure("a buffer has less room than it reserved")
            }
            let target = unsafe (base + start).assumingMemoryBound(to: UInt8.self)
            return unsafe write(choice: choice, text: text, to: target)
        }
        buffer.moveWriterIndex(forwardBy: count)
    }

    /// Writes a chunk where there is room for the template and the text six times over.
    private func write(
        choice: Int,
        text: Span<UInt8>,
        to target: UnsafeMutablePointer<UInt8>
    ) -> Int {
        unsafe template.withUnsafeBytes { template in
            guard let source = template.baseAddress else { return 0 }
            let output = UnsafeMutableRawPointer(target)
            unsafe output.copyMemory(from: source, byteCount: textAt)
            unsafe target[headEnd] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: choice)
            let textEnd = unsafe textAt + JSONEscaping.escape(text, to: target + textAt)
            let tailCount = template.count - textAt
            unsafe (output + textEnd).copyMemory(from: source + textAt, byteCount: tailCount)
            return textEnd + tailCount
        }
    }

    /// Writes `data: [DONE]`, the last event of every stream.
    package static func writeDone(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("data: [DONE]\n\n")
    }

    /// Writes an error as an event; `writeDone` follows it.
    package static func writeError(_ error: OpenAIError, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("data: ")
        error.writeBody(into: &buffer)
        buffer.writeStaticString("\n\n")
    }

    // MARK: Pieces for the richer chunks

    /// Writes `data: {…,"choices":[{"index":N`.
    func writeChoiceStart(_ choice: Int, into buffer: inout ByteBuffer) {
        buffer.writeBytes(template[..<headEnd])
        buffer.writeJSONInteger(choice)
    }

    /// Writes `data: {…,"choices":[`.
    func writeChunkStart(into buffer: inout ByteBuffer) {
        buffer.writeBytes(template[..<(headEnd - Self.choiceOpening.utf8CodeUnitCount)])
    }
}
