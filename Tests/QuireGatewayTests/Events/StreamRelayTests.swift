import NIOCore
import QuireGateway
import QuireOpenAI
import Testing

@Suite struct StreamRelayTests {
    static let content =
        ": hello\n\n"
        + #"data: {"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#
        + "\n\n"
        + #"data: {"id":"a","choices":[{"index":0,"delta":{"content":"Hi "}}]}"# + "\r\n\r\n"
        + #"data: {"id":"a","choices":[{"index":0,"delta":{"content":"你"},"finish_reason":"stop"}]}"#
        + "\n\n"
    static let usage =
        #"data: {"id":"a","choices":[],"usage":{"prompt_tokens":7,"total_tokens":9,"completion_tokens":2}}"#
        + "\n\n"
    static let done = "data: [DONE]\n\n"

    private func relayed(_ pieces: [ByteBuffer], wantsUsage: Bool) -> (String, AnswerReader) {
        var relay = StreamRelay(wantsUsage: wantsUsage, keepsText: true)
        var output = ByteBuffer()
        for piece in pieces { output.writeImmutableBuffer(relay.receive(piece)) }
        output.writeImmutableBuffer(relay.finish())
        return (String(buffer: output), relay.answer)
    }

    /// Peers lose the usage when a chunk's border splits its event.
    @Test func usageIsReadAndStrippedOverEveryCut() {
        let stream = Array((Self.content + Self.usage + Self.done).utf8)
        for cut in 0...stream.count {
            let pieces = [ByteBuffer(bytes: stream[..<cut]), ByteBuffer(bytes: stream[cut...])]
            for wantsUsage in [true, false] {
                let (output, answer) = relayed(pieces, wantsUsage: wantsUsage)
                #expect(output == Self.content + (wantsUsage ? Self.usage : "") + Self.done)
                #expect(answer.usage == Usage(promptTokens: 7, completionTokens: 2))
                #expect(answer.isDone)
                #expect(answer.choices.first?.text == Array("Hi 你".utf8))
            }
        }
        let (output, answer) = relayed(stream.map { ByteBuffer(bytes: [$0]) }, wantsUsage: false)
        #expect(output == Self.content + Self.done)
        #expect(answer.completionTokens == 2)
    }

    @Test func severalEventsLeaveAsOneSliceOfWhatCame() {
        var relay = StreamRelay(wantsUsage: true, keepsText: false)
        let input = buffer(Self.content + "data: {\"half")
        let output = relay.receive(input)
        #expect(output == buffer(Self.content))
        let isShared = unsafe input.withUnsafeReadableBytes { input in
            unsafe output.withUnsafeReadableBytes { unsafe $0.baseAddress == input.baseAddress }
        }
        #expect(isShared)
        #expect(relay.finish() == buffer("data: {\"half"))
    }

    @Test func garbageIsPassedOnUntouched() {
        var random = ByteGenerator(seed: 3)
        for _ in 0..<300 {
            let text = (0..<200).map { _ in
                [0x0A, 0x0D, 0x3A, 0x64, 0x7B, 0x22, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            var relay = StreamRelay(wantsUsage: false, keepsText: true, eventBytesMax: 40)
            var output = ByteBuffer()
            for piece in random.pieces(of: text, sizeMax: 20) {
                output.writeImmutableBuffer(relay.receive(piece))
            }
            output.writeImmutableBuffer(relay.finish())
            #expect(output == ByteBuffer(bytes: text))
        }
    }
}
