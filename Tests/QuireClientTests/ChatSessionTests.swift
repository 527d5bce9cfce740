import QuireClient
import QuireJSON
import Testing

@Suite struct ChatSessionTests {
    private static func session() -> ChatSession { ChatSession(model: "m", place: "here") }

    private static func said(_ action: ChatSession.Action) -> String? {
        if case .say(let text) = action { text } else { nil }
    }

    @Test func aQuestionIsAskedWithWhatWasSaidBefore() {
        var session = Self.session()
        #expect(session.take("hello") == .ask)
        session.answered("hi")
        #expect(session.take("  ") == .nothing)
        #expect(session.take("and?") == .ask)
        #expect(
            session.conversation.requestMessages == [
                .message(role: "user", "hello"), .message(role: "assistant", "hi"),
                .message(role: "user", "and?"),
            ]
        )
    }

    @Test func aQuestionWithoutAnswerIsTakenBack() {
        var session = Self.session()
        _ = session.take("hello")
        session.answered("")
        #expect(session.conversation.messages.isEmpty)
    }

    @Test func severalLinesAreOneQuestion() {
        var session = Self.session()
        #expect(session.take("\"\"\"one") == .nothing)
        #expect(session.isInBlock)
        #expect(session.take("") == .nothing)
        #expect(session.take("/bye") == .nothing)
        #expect(session.take("two\"\"\"  ") == .ask)
        #expect(session.conversation.messages == [.message(role: "user", "one\n\n/bye\ntwo")])
        #expect(session.take("\"\"\"short\"\"\"") == .ask)
        #expect(session.conversation.messages.last == .message(role: "user", "short"))
        #expect(session.take("\"\"\"") == .nothing && session.take("\"\"\"") == .nothing)
        #expect(!session.isInBlock)
        _ = session.take("\"\"\"given up")
        session.abandonBlock()
        #expect(session.take("x") == .ask)
    }

    @Test func parametersAreJSONWhereTheyCanBe() {
        var session = Self.session()
        for line in [
            "/set temperature 0.5", "/set parameter seed 7", "/set stop [\"a\", \"b\"]",
            "/set user me", "/set top_k 3", "/set top_k",
        ] {
            #expect(Self.said(session.take(line)) != nil)
        }
        let parameters = session.conversation.parameters
        #expect(parameters["temperature"] == .double(0.5) && parameters["seed"] == .int(7))
        #expect(parameters["stop"]?.array?.count == 2 && parameters["user"] == .string("me"))
        #expect(parameters["top_k"] == nil)
        _ = session.take("/set stream false")
        _ = session.take("/set a-b 1")
        #expect(session.conversation.parameters.members.count == 4)
    }

    @Test func theSystemMessageGoesFirst() {
        var session = Self.session()
        _ = session.take("/set system \"Be brief.\"")
        _ = session.take("q")
        #expect(session.conversation.requestMessages.first == .message(role: "system", "Be brief."))
        _ = session.take("/set system \"\"\"a")
        _ = session.take("b\"\"\"")
        #expect(session.conversation.system == "a\nb")
        _ = session.take("/clear")
        #expect(session.conversation.messages.isEmpty && session.conversation.system == "a\nb")
        _ = session.take("/set system")
        #expect(session.conversation.system == nil)
    }

    @Test func withoutHistoryEachQuestionStandsAlone() {
        var session = Self.session()
        _ = session.take("/set nohistory")
        _ = session.take("one")
        session.answered("1")
        _ = session.take("two")
        #expect(session.conversation.messages == [.message(role: "user", "two")])
    }

    @Test func commandsAreTold() {
        var session = Self.session()
        #expect(session.take("/bye") == .leave && session.take(" /bye ") == .leave)
        #expect(session.take("/save a b.json") == .save(path: "a b.json"))
        #expect(session.take("/load x") == .load(path: "x"))
        #expect(Self.said(session.take("/save")) != nil)
        #expect(Self.said(session.take("/nonsense"))?.contains("/nonsense") == true)
        #expect(session.take("/help") == .say(ChatSession.help))
        _ = session.take("/set verbose")
        #expect(session.isVerbose)
        _ = session.take("/set model other")
        #expect(session.model == "other")
        #expect(Self.said(session.take("/show"))?.contains("here") == true)
        for line in ["/set", "/show x", "/show history", "/show parameters", "/show system"] {
            #expect(Self.said(session.take(line)) != nil, "\(line)")
        }
    }

    @Test func aConversationSurvivesItsFile() throws {
        var session = Self.session()
        _ = session.take("/set system s\u{1}")
        _ = session.take("/set temperature 0")
        _ = session.take("你好 \"quoted\"\\")
        session.answered("a\nb")
        let text = session.conversation.json.text
        #expect(try Conversation(JSON(parsing: text)) == session.conversation)
        for bad in ["{}", "[]", "{\"messages\": [1]}", "{\"messages\": [{\"role\": \"user\"}]}"] {
            #expect(try Conversation(JSON(parsing: bad)) == nil, "\(bad)")
        }
    }
}
