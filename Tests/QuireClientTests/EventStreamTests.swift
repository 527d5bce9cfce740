import NIOCore
import QuireClient
import QuireHTTP
import Testing

@Suite struct EventStreamTests {
    private static func events(_ text: String, cutEvery count: Int) throws -> [String] {
        var stream = EventStream()
        var found: [String] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            stream.append(ByteBuffer(bytes: rest.prefix(count)))
            rest = rest.dropFirst(count)
            while let data = try stream.next() { found.append(String(buffer: data)) }
        }
        return found
    }

    @Test func eventsAreTheSameWhereverTheBytesAreCut() throws {
        let text =
            ": hello\n\ndata: {\"a\": 1}\n\nevent: x\r\ndata:二\r\n\r\nid: 7\ndata: [DONE]\n\n"
        for count in 1...text.utf8.count {
            #expect(
                try Self.events(text, cutEvery: count) == ["{\"a\": 1}", "二", "[DONE]"],
                "cut every \(count) bytes"
            )
        }
    }

    @Test func anUnfinishedLineIsNoEvent() throws {
        #expect(try Self.events("data: a\n\ndata: b", cutEvery: 3) == ["a"])
    }

    @Test func aLineWithoutEndIsRefused() throws {
        var stream = EventStream()
        stream.append(ByteBuffer(repeating: 0x61, count: EventStream.lineBytesMax + 1))
        #expect(throws: ClientError.malformed("an event is too long")) { try stream.next() }
    }
}

@Suite struct AnswerEventTests {
    private static func event(_ text: String) throws -> AnswerEvent {
        let bytes = Array(text.utf8)
        return try AnswerEvent(parsing: bytes.span)
    }

    @Test func bothEndpointsAreRead() throws {
        let completion = try Self.event(
            #"{"id": "x", "choices": [{"text": "hi", "logprobs": null, "finish_reason": "stop"}], "usage": null}"#
        )
        #expect(completion.hasChoice && completion.content == "hi")
        #expect(completion.finishReason == "stop" && completion.completionTokenCount == nil)
        let chat = try Self.event(
            #"{"choices": [{"delta": {"role": "assistant", "content": null, "reasoning_content": "hm"}, "finish_reason": null}]}"#
        )
        #expect(chat.content.isEmpty && chat.reasoning == "hm" && chat.finishReason == nil)
    }

    @Test func usageComesWithoutAChoice() throws {
        let event = try Self.event(
            #"{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5, "prompt_tokens_details": null}}"#
        )
        #expect(!event.hasChoice && event.promptTokenCount == 3 && event.completionTokenCount == 5)
    }

    @Test func errorsOfAnyShapeHaveASentence() throws {
        #expect(try Self.event(#"{"error": {"message": "no", "code": 400}}"#).error == "no")
        #expect(try Self.event(#"{"error": "bad"}"#).error == "bad")
        #expect(AnswerEvent.errorMessage(in: Array(#"{"detail": "gone"}"#.utf8)) == "gone")
        #expect(AnswerEvent.errorMessage(in: Array("<html>".utf8)) == nil)
    }

    @Test(arguments: ["", "[]", "{\"choices\": 3}", "{\"choices\": [{\"text\": {}}]}", "{"])
    func malformedEventsThrow(_ text: String) {
        #expect(throws: (any Error).self) { try Self.event(text) }
    }
}
