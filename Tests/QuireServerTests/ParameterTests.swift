import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// Parameters that only make sense, or none, together with others.
@Suite struct ParameterTests {
    let server: LiveServer

    init() throws { server = try SharedServer.stories.get() }

    @Test(arguments: [
        #""allowed_token_ids": [2], "min_tokens": 1"#,
        #""allowed_token_ids": [300, 2, 300], "stop_token_ids": [300], "min_tokens": 3"#,
        #""allowed_token_ids": [2], "min_tokens": 1, "ignore_eos": true"#,
    ])
    func aRequestThatLeavesNoTokenIsRefused(_ fields: String) throws {
        let response = try server.post(
            "/v1/completions",
            #"{"prompt": "Once", "max_tokens": 5, \#(fields)}"#
        )
        #expect(response.status == 400, "\(response.text)")
        #expect(response.text.contains("No token is left to choose"))
        #expect(try response.json()["error"]?["param"] == .string("allowed_token_ids"))
    }

    @Test func excludingTheWholeVocabularyIsRefused() throws {
        let all = (0..<512).map(String.init).joined(separator: ",")
        let fields = #""prompt": "Once", "max_tokens": 5, "stop_token_ids": [\#(all)]"#
        #expect(try server.post("/v1/completions", "{\(fields)}").status == 200)
        #expect(try server.post("/v1/completions", "{\(fields), \"min_tokens\": 1}").status == 400)
    }

    @Test func aRequestThatRunsOutOfTokensIsItsOwnFault() throws {
        let server = try LiveServer.scripted(Script(unservablePlaces: [2]))
        let body = #""prompt": "Once", "max_tokens": 5"#
        let whole = try server.post("/v1/completions", "{\(body)}")
        #expect(whole.status == 400)
        #expect(try whole.json()["error"]?["type"] == .string("BadRequestError"))
        let streamed = try StreamedAnswer(
            server.post("/v1/completions", "{\(body), \"stream\": true}")
        )
        #expect(streamed.error?["code"]?.int == 400)
        #expect(streamed.endsWithDone)
        try server.shutDown()
    }

    @Test func aTextThatCannotFitIsRefusedBeforeItIsTokenized() throws {
        let text = String(repeating: "Once upon a time ", count: 10_000)
        for (path, body) in [
            ("/v1/completions", #"{"prompt": "\#(text)"}"#),
            (
                "/v1/chat/completions",
                #"{"messages": [{"role": "user", "content": "\#(text)"}]}"#
            ),
        ] {
            let response = try server.post(path, body)
            #expect(response.status == 400)
            #expect(response.text.contains("maximum context length is 512 tokens"))
            #expect(response.text.contains("at least"))
        }
        let truncated = try server.post(
            "/v1/completions",
            #"{"prompt": "\#(text)", "max_tokens": 1, "truncate_prompt_tokens": 4}"#
        )
        #expect(truncated.status == 200, "\(truncated.text)")
        #expect(try truncated.json()["usage"]?["prompt_tokens"]?.int == 4)
    }

    @Test func promptLogprobsComeWithAnEchoToo() throws {
        let fields = #""max_tokens": 1, "echo": true, "prompt_logprobs": 1"#
        let completion = try server.post(
            "/v1/completions",
            #"{"prompt": "Once upon a time", \#(fields)}"#
        ).json()
        #expect(completion.firstChoice?["prompt_logprobs"]?.array?.count == 5)
        let chat = try server.post(
            "/v1/chat/completions",
            #"{"messages": [{"role": "assistant", "content": "Once"}], \#(fields)}"#
        ).json()
        let count = chat["usage"]?["prompt_tokens"]?.int ?? 0
        #expect(chat["prompt_logprobs"]?.array?.count == count)
        #expect(chat.firstText?.hasPrefix("Once") == true)
    }

    @Test func aChatsEchoShowsNoLogprobsOfItsTemplate() throws {
        let messages = #""messages": [{"role": "assistant", "content": "Once upon"}]"#
        let streamed = try StreamedAnswer(
            server.post(
                "/v1/chat/completions",
                #"{\#(messages), "max_tokens": 2, "echo": true, "logprobs": true, "stream": true}"#
            )
        )
        #expect(streamed.texts[0]?.hasPrefix("Once upon") == true)
        let shown = streamed.chunks.flatMap {
            $0.firstChoice?["logprobs"]?["content"]?.array ?? []
        }
        #expect(shown.count == 2)
    }

    @Test func anUnknownFieldIsToldToTheOperatorOnce() throws {
        let log = LogLines()
        var options = ServerOptions()
        options.log = { log.append($0) }
        let server = try LiveServer.stories(options: options)
        let body = #"{"prompt": "Once", "max_tokens": 1, "temprature": 1, "a\nb": 1}"#
        for _ in 0..<3 { #expect(try server.post("/v1/completions", body).status == 200) }
        for index in 0..<400 {
            _ = try server.post("/detokenize", #"{"tokens": [300], "field\#(index)": 1}"#)
        }
        try server.shutDown()
        let all = log.all
        #expect(all.count == 256)
        #expect(all.contains("The request field \"temprature\" is unknown and is ignored."))
        #expect(all.allSatisfy { !$0.contains("\n") })
    }
}
