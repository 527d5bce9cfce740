import NIOCore
import QuireGateway
import QuireJSON
import QuireOpenAI
import Testing

@Suite struct FallbackAnswerTests {
    private let answer = FallbackAnswer(english: "Busy \"now\"", chinese: "忙")

    private func written(_ shape: FallbackAnswer.Shape, includeUsage: Bool = false) -> String {
        var buffer = ByteBuffer()
        FallbackAnswer.write(
            answer.text(acceptLanguage: nil),
            as: shape,
            id: "x-1",
            created: 5,
            model: "m",
            includeUsage: includeUsage,
            into: &buffer
        )
        return String(buffer: buffer)
    }

    @Test func theLanguageIsTheFirstKnownOne() {
        #expect(answer.text(acceptLanguage: nil) == answer.english)
        #expect(answer.text(acceptLanguage: "zh-CN,zh;q=0.9,en;q=0.8") == "忙")
        #expect(answer.text(acceptLanguage: "fr, EN-gb, zh") == answer.english)
        #expect(answer.text(acceptLanguage: ",;,,") == answer.english)
        let chinese = FallbackAnswer(english: "a", chinese: "b", standard: .chinese)
        #expect(chinese.text(acceptLanguage: "fr") == "b")
    }

    @Test func wholeAnswersHaveTheirShape() throws {
        let chat = try JSON(parsing: written(.chat))
        #expect(chat["object"] == .string("chat.completion"))
        #expect(chat["choices"]?.array?.first?["message"]?["content"] == .string(answer.english))
        let completion = try JSON(parsing: written(.completion))
        #expect(completion["choices"]?.array?.first?["text"] == .string(answer.english))
        #expect(completion["model"] == .string("m") && completion["id"] == .string("x-1"))
        #expect(written(.plain) == answer.english)
    }

    @Test(arguments: [FallbackAnswer.Shape.chatStream, .completionStream])
    func streamsReadAsAnswersThatEnd(_ shape: FallbackAnswer.Shape) {
        for includeUsage in [true, false] {
            var relay = StreamRelay(wantsUsage: true, keepsText: true)
            let text = buffer(written(shape, includeUsage: includeUsage))
            #expect(relay.receive(text) == text)
            #expect(relay.answer.isDone && relay.answer.isComplete)
            #expect(relay.answer.choices[0].text == Array(answer.english.utf8))
            #expect(relay.answer.choices[0].finishReason == "stop")
            #expect((relay.answer.usage != nil) == includeUsage)
        }
    }

    @Test func anErrorEventStandsAloneAndIsNotFollowedByDone() throws {
        let error = OpenAIError.badGateway("The instance broke off.")
        var events = buffer("data: {\"half")
        ErrorEvent.write(error, closesOpenEvent: true, into: &events)
        var framing = EventFraming()
        framing.append(events)
        guard case .event = framing.next(), case .event(let event) = framing.next(),
            let data = event.data
        else {
            Issue.record("no event")
            return
        }
        let body = try JSON(parsing: String(buffer: data))
        #expect(body["error"]?["code"] == .int(502))
        #expect(body["error"]?["type"] == .string("BadGatewayError"))
        #expect(framing.next() == .needMore)
    }

    @Test func refusalsSayWhenToComeBack() {
        let refusal = GatewayRefusal.unavailable("All instances are busy.", retryAfterSeconds: 0)
        #expect(refusal.retryAfterSeconds == 1 && refusal.error.status == 503)
        #expect(OpenAIError.gatewayTimeout("late").status == 504)
    }
}
