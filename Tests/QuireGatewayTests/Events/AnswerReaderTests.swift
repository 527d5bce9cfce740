import NIOCore
import QuireGateway
import QuireOpenAI
import Testing

@Suite struct AnswerReaderTests {
    private func read(_ data: String, _ reader: inout AnswerReader) -> AnswerReader.Chunk {
        reader.read(data: buffer(data).readableBytesUInt8Span)
    }

    @Test func followsAChatFromRoleToDone() {
        var reader = AnswerReader(keepsText: true)
        let head = #""id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m""#
        #expect(
            read(
                #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
                &reader
            )
                == .other
        )
        for text in [#"He\"y\n"#, #"\ud83d\ude00"#, "你"] {
            let chunk =
                #"{\#(head),"choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":null}]}"#
            #expect(read(chunk, &reader) == .content)
        }
        #expect(!reader.isComplete)
        #expect(reader.completionTokens == 3)
        #expect(
            read(#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, &reader) == .other
        )
        #expect(reader.isComplete)
        let usage =
            #"{"choices":[],"usage":{"prompt_tokens":9,"total_tokens":13,"completion_tokens":4,"prompt_tokens_details":{"x":1,"cached_tokens":8}}}"#
        #expect(read(usage, &reader) == .usageOnly)
        #expect(reader.usage == Usage(promptTokens: 9, completionTokens: 4, cachedTokens: 8))
        #expect(reader.completionTokens == 4)
        #expect(read("[DONE]", &reader) == .done)
        #expect(reader.id == "chatcmpl-1")
        #expect(String(decoding: reader.choices[0].text, as: UTF8.self) == "He\"y\n\u{1F600}你")
        #expect(reader.choices[0].finishReason == "stop")
        #expect(reader.obstacles == .finished)
    }

    @Test func followsCompletionsOfSeveralChoices() {
        var reader = AnswerReader(keepsText: true)
        #expect(
            read(#"{"choices":[{"index":1,"text":"b"},{"index":0,"text":"a"}]}"#, &reader)
                == .content
        )
        #expect(
            read(#"{"choices":[{"index":1,"text":"c","finish_reason":"length"}]}"#, &reader)
                == .content
        )
        #expect(reader.choices.map(\.text) == [Array("a".utf8), Array("bc".utf8)])
        #expect(!reader.isComplete)
        #expect(reader.obstacles == [.severalChoices, .finished])
    }

    static let oddEvents: [(String, AnswerReader.Chunk, ResumeObstacles)] = [
        (#"{"error":{"message":"x"}}"#, AnswerReader.Chunk.error, ResumeObstacles.errorEvent),
        (#"{"error":null,"choices":[]}"#, .other, []),
        (#"{"choices":[],"usage":null}"#, .other, []),
        (#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#, .content, .reasoning),
        (#"{"choices":[{"delta":{"reasoning":"","content":"a"}}]}"#, .content, []),
        (#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#, .content, .otherContent),
        (#"{"choices":[{"delta":{"tool_calls":[],"refusal":null,"content":null}}]}"#, .other, []),
        (#"{"choices":[{"delta":{"content":[{"type":"text"}]}}]}"#, .content, .otherContent),
        (#"{"choices":[{"index":-1,"text":"a"}]}"#, .content, .severalChoices),
        (#"{"choices":[{"index":999999999999,"text":"a"}]}"#, .content, .severalChoices),
        (#"{"choices":[5,null,"x"]}"#, .other, []), (#"{"choices":7}"#, .other, []),
        ("{}", .other, []), ("[]", .unreadable, .unreadable), ("", .unreadable, .unreadable),
        ("[DONE", .unreadable, .unreadable),
        (#"{"choices":[{"text":"a"}"#, .unreadable, .unreadable),
        ("garbage", .unreadable, .unreadable), (#"{"usage":{"prompt_tokens":-1}}"#, .other, []),
        (#"{"usage":{"prompt_tokens":1e9,"completion_tokens":99999999999999999999}}"#, .other, []),
    ]

    @Test(arguments: oddEvents)
    func oddEventsAreNamedAndNeverTrap(
        _ data: String,
        _ chunk: AnswerReader.Chunk,
        _ obstacles: ResumeObstacles
    ) {
        var reader = AnswerReader(keepsText: true)
        #expect(read(data, &reader) == chunk)
        #expect(reader.obstacles == obstacles)
        #expect(reader.usage == nil)
    }

    @Test func keptTextIsBounded() {
        var reader = AnswerReader(keepsText: true, textBytesMax: 10)
        for _ in 0..<5 { _ = read(#"{"choices":[{"text":"abcd"}]}"#, &reader) }
        #expect(reader.choices[0].text.count == 8)
        #expect(reader.completionTokens == 5)
        #expect(reader.obstacles == .textNotKept)
    }

    @Test func aWholeAnswersUsageIsReadFromItsEndOverEveryCut() {
        let body = Array(
            (#"{"id":"x","choices":[{"message":{"content":"say \"usage\": {} "}}],"#
                + #""usage" : {"prompt_tokens":3,"completion_tokens":5,"total_tokens":8},"prompt_logprobs":null}"#)
                .utf8
        )
        for cut in 0...body.count {
            var tail = AnswerTail()
            tail.append(ByteBuffer(bytes: [UInt8](repeating: 0x20, count: 5000)))
            tail.append(ByteBuffer(bytes: body[..<cut]))
            tail.append(ByteBuffer(bytes: body[cut...]))
            #expect(tail.usage() == Usage(promptTokens: 3, completionTokens: 5), "\(cut)")
        }
        for bad in ["", "\"usage\"", "\"usage\":", "\"usage\":{", "\"usage\":null", "x\"usage\":5"]
        {
            var tail = AnswerTail()
            tail.append(buffer(bad))
            #expect(tail.usage() == nil)
        }
    }
}
