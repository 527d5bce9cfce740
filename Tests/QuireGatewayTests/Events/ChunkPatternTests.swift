import NIOCore
import QuireGateway
import Testing

/// A reader that knows a chunk by the one before must say what one that parses every chunk says.
@Suite struct ChunkPatternTests {
    private static let plain =
        #"{"id":"c-1","model":"m","choices":[{"index":0,"delta":{"content":"one"},"logprobs":null,"finish_reason":null}]}"#

    /// Reads the plain chunk, then the other: known by its pattern, or (with more white space than a
    /// pattern may have) parsed.
    private func read(
        _ second: [UInt8],
        learning: Bool
    ) -> (chunk: AnswerReader.Chunk, reader: AnswerReader) {
        var reader = AnswerReader(keepsText: true)
        let first = Self.plain + (learning ? "" : String(repeating: " ", count: 2000))
        #expect(reader.read(data: Array(first.utf8).span) == .content)
        return (reader.read(data: second.span), reader)
    }

    private func expectSame(_ second: [UInt8]) {
        let known = read(second, learning: true)
        let parsed = read(second, learning: false)
        let text = String(decoding: second, as: UTF8.self)
        #expect(known.chunk == parsed.chunk, "\(text)")
        #expect(known.reader == parsed.reader, "\(text)")
    }

    @Test(arguments: [
        "", "two", #"\""#, #"\\"#, #"a\"b"#, #"\ud83d\ude00\n"#, "你好", #"\"#, #"\x"#, "\u{1}",
        #"""#,
        #"","role":"assistant"#, #"","finish_reason":"x"#, #"a"},"finish_reason":"stop"#,
    ])
    func textsAreReadAsAParseReadsThem(_ text: String) {
        expectSame(Array(Self.plain.replacing("one", with: text).utf8))
    }

    @Test(arguments: [
        #"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
        #"{"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":"stop"}]}"#,
        #"{"choices":[{"index":1,"delta":{"content":"one"},"finish_reason":null}]}"#,
        #"{"error":{"message":"x"}}"#, "[DONE]", "", "{",
    ])
    func otherChunksAreParsed(_ chunk: String) {
        expectSame(Array(chunk.utf8))
    }

    @Test func changedBytesAreSeen() {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            var chunk = Array(Self.plain.utf8)
            let place = Int.random(in: chunk.indices, using: &generator)
            switch UInt8.random(in: 0..<3, using: &generator) {
            case 0: chunk[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: chunk.remove(at: place)
            default: chunk.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: place)
            }
            expectSame(chunk)
        }
    }
}
