import QuireJSON
import QuireOpenAI
import Testing

/// The table of fields and the parsers agree, so that a document made from the table is true.
struct RequestFieldTests {
    @Test(arguments: RequestField.chat)
    func everyChatFieldOfTheTableIsKnown(_ field: RequestField) throws {
        let known = field.name != "messages"
        let request = try chat(chatBody(known ? "\"\(field.name)\":null" : ""))
        #expect(request.unknownFields.isEmpty)
    }

    @Test(arguments: RequestField.completion)
    func everyCompletionFieldOfTheTableIsKnown(_ field: RequestField) throws {
        let known = field.name != "prompt"
        let request = try completion(completionBody(known ? "\"\(field.name)\":null" : ""))
        #expect(request.unknownFields.isEmpty)
    }

    @Test(arguments: RequestField.chat)
    func everyFieldDoesWhatTheTableSays(_ field: RequestField) throws {
        switch field.state {
        case .honoured: return
        case .harmless:
            #expect(try chat(chatBody("\"\(field.name)\":{\"any\":[1]}")).unknownFields.isEmpty)
        case .refused(let reason):
            let error = #expect(throws: OpenAIError.self) {
                _ = try chat(chatBody("\"\(field.name)\":{\"any\":[1]}"))
            }
            #expect(error?.message.contains(reason) == true)
            #expect(error?.param == field.name)
        }
    }

    @Test func noNameStandsTwiceInATable() {
        #expect(Set(RequestField.chat.map(\.name)).count == RequestField.chat.count)
        #expect(Set(RequestField.completion.map(\.name)).count == RequestField.completion.count)
    }
}
