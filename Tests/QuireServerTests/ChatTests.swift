import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// `/v1/chat/completions` on the real model, whose template prints the contents.
@Suite struct ChatTests {
    let server: LiveServer

    init() throws { server = try SharedServer.stories.get() }

    static let messages = #""messages": [{"role": "user", "content": "Once upon a time"}]"#

    @Test func aStreamBeginsWithTheRoleAndEndsWithDone() throws {
        let response = try server.post(
            "/v1/chat/completions",
            #"{\#(Self.messages), "max_tokens": 6, "stream": true, "seed": 1}"#
        )
        let streamed = try StreamedAnswer(response)
        let first = streamed.chunks.first?.firstChoice?["delta"]
        #expect(first?["role"] == .string("assistant"))
        #expect(first?["content"] == .string(""))
        #expect(streamed.chunks.allSatisfy { $0["object"] == .string("chat.completion.chunk") })
        #expect(streamed.chunks.dropFirst().allSatisfy { $0.firstChoice?["delta"]?["role"] == nil })
        #expect(streamed.finishReasons[0] == "length")
        #expect(streamed.endsWithDone)
        #expect(Set(streamed.chunks.map { $0["id"]?.string }).count == 1)
    }

    @Test func streamedAndWholeAreTheSameForEverySeed() throws {
        for seed in 0..<10 {
            let fields = #"\#(Self.messages), "max_tokens": 30, "seed": \#(seed), "n": 2"#
            let whole = try server.post("/v1/chat/completions", "{\(fields)}").json()
            let texts = (whole["choices"]?.array ?? []).map { $0["message"]?["content"]?.string }
            let streamed = try StreamedAnswer(
                server.post("/v1/chat/completions", "{\(fields), \"stream\": true}")
            )
            #expect([streamed.texts[0], streamed.texts[1]] == texts)
        }
    }

    @Test func allRolesComeBeforeAnyContent() throws {
        let streamed = try StreamedAnswer(
            server.post(
                "/v1/chat/completions",
                #"{\#(Self.messages), "max_tokens": 2, "stream": true, "n": 3}"#
            )
        )
        let roles = streamed.chunks.prefix(3).map { $0.firstChoice?["delta"]?["role"]?.string }
        #expect(roles == ["assistant", "assistant", "assistant"])
    }

    @Test func aWholeAnswerHasTheShapeOfTheAPI() throws {
        let response = try server.post(
            "/v1/chat/completions",
            #"{\#(Self.messages), "max_tokens": 5, "logprobs": true, "top_logprobs": 2}"#
        ).json()
        #expect(response["object"] == .string("chat.completion"))
        #expect(response["id"]?.string?.hasPrefix("chatcmpl-") == true)
        #expect(response["created"]?.int == 1_700_000_000)
        #expect(response.firstChoice?["message"]?["role"] == .string("assistant"))
        let content = response.firstChoice?["logprobs"]?["content"]?.array ?? []
        #expect(content.count == 5)
        for token in content {
            #expect(token["logprob"]?.double ?? 1 <= 0)
            #expect(token["bytes"]?.array != nil)
            #expect(token["top_logprobs"]?.array?.count == 2)
        }
        let joined = content.compactMap { $0["token"]?.string }.joined()
        #expect(response.firstText == joined)
    }

    @Test func messagesAreBroughtIntoTheShapeThatTemplatesExpect() throws {
        let template = """
            {% for m in messages %}[{{ m.role }}:{{ m.content }}\
            {% for c in m.tool_calls or [] %}{{ c.function.arguments.city }}{% endfor %}]{% endfor %}
            """
        var options = ServerOptions()
        options.trustsRequestTemplates = true
        let server = try LiveServer.stories(options: options)
        let messages = """
            [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
             {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
              "function": {"name": "f", "arguments": "{\\"city\\": \\"Rome\\"}"}}]}]
            """
        let body: JSON = .object([
            "messages": try JSON(parsing: messages), "chat_template": .string(template),
        ])
        let tokens = try server.post("/tokenize", Self.text(body))
        #expect(tokens.status == 200, "\(tokens.text)")
        let ids = (try tokens.json()["tokens"]?.array ?? []).compactMap { $0.int }
        let list = ids.map(String.init).joined(separator: ",")
        let text = try server.post("/detokenize", "{\"tokens\": [\(list)]}").json()
        #expect(text["prompt"]?.string == "[user:a\nb][assistant:Rome]")
        try server.shutDown()
    }

    private static func text(_ json: JSON) -> String {
        switch json {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): "\"" + escaped(value) + "\""
        case .array(let values): "[" + values.map { text($0) }.joined(separator: ",") + "]"
        case .object(let object):
            "{"
                + object.members.map { "\"\($0.key)\":" + text($0.value) }.joined(separator: ",")
                + "}"
        }
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\"": "\\\""
            case "\\": "\\\\"
            default: String(scalar)
            }
        }.joined()
    }

    @Test func argumentsThatAreNoJSONStayAsTheModelWroteThem() throws {
        let response = try server.post(
            "/v1/chat/completions",
            #"{"max_tokens": 1, "messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{x"}}]}]}"#
        )
        #expect(response.status == 200, "\(response.text)")
    }

    @Test func withoutALimitTheAnswerRunsToItsEndOrTheContext() throws {
        let response = try server.post(
            "/v1/chat/completions",
            #"{\#(Self.messages), "temperature": 0}"#
        ).json()
        let usage = response["usage"]
        let isFull = usage?["total_tokens"]?.int == 512
        #expect(isFull || response.firstChoice?["finish_reason"] == .string("stop"))
    }

    @Test func aChatWithoutTemplateIsRefusedWithTheFlagToUse() throws {
        let server = try LiveServer.stories(hasTemplate: false)
        let response = try server.post("/v1/chat/completions", "{\(Self.messages)}")
        #expect(response.status == 400)
        #expect(response.text.contains("--chat-template"))
        try server.shutDown()
    }

    @Test func aTemplateOfTheClientsIsRefusedUnlessTrusted() throws {
        let body = #"{\#(Self.messages), "chat_template": "x", "max_tokens": 1}"#
        let refused = try server.post("/v1/chat/completions", body)
        #expect(refused.status == 400)
        #expect(refused.text.contains("--trust-request-chat-template"))
        var options = ServerOptions()
        options.trustsRequestTemplates = true
        let trusting = try LiveServer.stories(options: options)
        let answer = try trusting.post("/v1/chat/completions", body)
        #expect(answer.status == 200)
        #expect(try answer.json()["usage"]?["prompt_tokens"]?.int ?? 99 <= 2)
        try trusting.shutDown()
    }
}
