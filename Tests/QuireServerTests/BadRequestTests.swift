import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// A hundred requests that must be refused: each with a 4xx and a sentence, and the server serves
/// on.
@Suite struct BadRequestTests {
    static let chatPath = "/v1/chat/completions"
    static let completionPath = "/v1/completions"

    /// Bodies of `/v1/completions`.
    static let completions: [String] = [
        "", " ", "null", "[]", "1", #""text""#, "{", "}", #"{"prompt"}"#, #"{"prompt":}"#,
        #"{"prompt": "a",}"#, #"{"prompt": "a"} x"#, #"{'prompt': 'a'}"#, #"{"prompt": "\x"}"#,
        #"{"prompt": "\ud800"#, #"{"prompt": 01}"#, #"{"prompt": NaN}"#, "{\"prompt\": \"a\u{1}\"}",
        #"{}"#, #"{"prompt": null}"#, #"{"prompt": ""}"#, #"{"prompt": []}"#, #"{"prompt": [[]]}"#,
        #"{"prompt": {}}"#, #"{"prompt": true}"#, #"{"prompt": 5}"#, #"{"prompt": ["a", 1]}"#,
        #"{"prompt": [1, "a"]}"#, #"{"prompt": [-1]}"#, #"{"prompt": [512]}"#,
        #"{"prompt": [99999999999999999999]}"#, #"{"prompt": [1.5]}"#, #"{"prompt": [[1], "a"]}"#,
        #"{"prompt": "a", "max_tokens": -1}"#, #"{"prompt": "a", "max_tokens": 0}"#,
        #"{"prompt": "a", "max_tokens": "5"}"#, #"{"prompt": "a", "max_tokens": 1e99}"#,
        #"{"prompt": "a", "max_tokens": 9223372036854775807}"#,
        #"{"prompt": "a", "max_tokens": 600}"#, #"{"prompt": "a", "n": 0}"#,
        #"{"prompt": "a", "n": -3}"#, #"{"prompt": "a", "n": 1000000}"#,
        #"{"prompt": "a", "n": 2, "temperature": 0}"#, #"{"prompt": "a", "best_of": 4}"#,
        #"{"prompt": "a", "temperature": -0.1}"#, #"{"prompt": "a", "temperature": "hot"}"#,
        #"{"prompt": "a", "temperature": 1e300}"#, #"{"prompt": "a", "top_p": 0}"#,
        #"{"prompt": "a", "top_p": 1.1}"#, #"{"prompt": "a", "top_k": -2}"#,
        #"{"prompt": "a", "min_p": 2}"#, #"{"prompt": "a", "presence_penalty": 3}"#,
        #"{"prompt": "a", "frequency_penalty": -3}"#, #"{"prompt": "a", "repetition_penalty": 0}"#,
        #"{"prompt": "a", "seed": "x"}"#, #"{"prompt": "a", "seed": 99999999999999999999999}"#,
        #"{"prompt": "a", "logit_bias": {"x": 1}}"#, #"{"prompt": "a", "logit_bias": {"512": 1}}"#,
        #"{"prompt": "a", "logit_bias": [1]}"#, #"{"prompt": "a", "stop": ""}"#,
        #"{"prompt": "a", "stop": [""]}"#, #"{"prompt": "a", "stop": 5}"#,
        #"{"prompt": "a", "stop_token_ids": [-1]}"#, #"{"prompt": "a", "stop_token_ids": ["a"]}"#,
        #"{"prompt": "a", "min_tokens": -1}"#,
        #"{"prompt": "a", "min_tokens": 9, "max_tokens": 3}"#,
        #"{"prompt": "a", "logprobs": 21}"#, #"{"prompt": "a", "logprobs": -2}"#,
        #"{"prompt": "a", "prompt_logprobs": 1, "stream": true}"#,
        #"{"prompt": "a", "allowed_token_ids": []}"#, #"{"prompt": "a", "bad_words": [""]}"#,
        #"{"prompt": "a", "stream": "yes"}"#,
        #"{"prompt": "a", "stream_options": {"include_usage": true}}"#,
        #"{"prompt": "a", "truncate_prompt_tokens": 0}"#,
        #"{"prompt": "a", "truncation_side": "up"}"#, #"{"prompt": "a", "suffix": "b"}"#,
        #"{"prompt": "a", "response_format": {"type": "json_object"}}"#,
        #"{"prompt": "a", "guided_json": {}}"#, #"{"prompt": "a", "use_beam_search": true}"#,
        #"{"prompt": "a", "cache_salt": ""}"#, #"{"prompt": "a", "request_id": "a\nb"}"#,
        #"{"prompt": "a", "model": 5}"#,
    ]

    /// Bodies of `/v1/chat/completions`.
    static let chats: [String] = [
        #"{}"#, #"{"messages": []}"#, #"{"messages": "hi"}"#, #"{"messages": [1]}"#,
        #"{"messages": [{}]}"#, #"{"messages": [{"role": "user"}]}"#,
        #"{"messages": [{"role": 1, "content": "a"}]}"#,
        #"{"messages": [{"role": "user", "content": 5}]}"#,
        #"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#,
        #"{"messages": [{"role": "user", "content": [{"type": "text"}]}]}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "logprobs": 5}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "top_logprobs": 5}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "tools": [1]}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "functions": [{}]}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "reasoning_effort": "much"}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "chat_template_kwargs": {"messages": 1}}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "continue_final_message": true, "add_generation_prompt": true}"#,
        #"{"messages": [{"role": "user", "content": "a"}], "audio": {"voice": "x"}}"#,
    ]

    static let server = SharedServer.stories

    private func expectRefusal(_ response: HTTPTestResponse, _ what: String) throws {
        #expect(response.status >= 400 && response.status < 500, "\(what): \(response.status)")
        #expect(response["content-type"] == "application/json", "\(what)")
        let error = try response.json()["error"]
        let message = error?["message"]?.string ?? ""
        #expect(message.contains(" ") && message.last == ".", "\(what): \(message)")
        #expect(error?["code"]?.int == response.status, "\(what)")
        #expect(error?["type"]?.string?.hasSuffix("Error") == true, "\(what)")
    }

    @Test func thereAreAHundredOfThem() {
        #expect(Self.completions.count + Self.chats.count >= 100)
    }

    @Test(arguments: completions)
    func aBadCompletionIsRefused(body: String) throws {
        let server = try Self.server.get()
        try expectRefusal(server.post(Self.completionPath, body), body)
        #expect(try server.get("/health").status == 200)
    }

    @Test(arguments: chats)
    func aBadChatIsRefused(body: String) throws {
        let server = try Self.server.get()
        try expectRefusal(server.post(Self.chatPath, body), body)
        #expect(try server.get("/health").status == 200)
    }

    @Test func anUnknownModelIsNotFound() throws {
        let server = try Self.server.get()
        for (path, body) in [
            (Self.completionPath, #"{"model": "gpt-4o", "prompt": "a"}"#),
            (
                Self.chatPath,
                #"{"model": "gpt-4o", "messages": [{"role": "user", "content": "a"}]}"#
            ),
            ("/tokenize", #"{"model": "gpt-4o", "prompt": "a"}"#),
        ] {
            let response = try server.post(path, body)
            #expect(response.status == 404)
            #expect(try response.json()["error"]?["param"] == .string("model"))
        }
    }

    @Test func aPromptBeyondTheContextIsRefusedWithNumbers() throws {
        let server = try Self.server.get()
        let ids = Array(repeating: "300", count: 512).joined(separator: ",")
        let response = try server.post(Self.completionPath, #"{"prompt": [\#(ids)]}"#)
        try expectRefusal(response, "512 tokens")
        #expect(response.text.contains("maximum context length is 512 tokens"))
        #expect(response.text.contains("512"))
    }

    @Test func wrongPathsAndMethodsAreToldApart() throws {
        let server = try Self.server.get()
        try expectRefusal(server.get("/v1/nothing"), "path")
        #expect(try server.get("/v1/nothing").status == 404)
        let response = try server.get(Self.chatPath)
        try expectRefusal(response, "method")
        #expect(response.status == 405)
        #expect(response["allow"] == "POST")
        #expect(try server.client().request("DELETE", "/v1/models").status == 405)
    }

    @Test func refusalsOfTheHTTPLayerHaveTheSameShape() throws {
        let server = try Self.server.get()
        let client = try server.client()
        try client.send("GET /v1/models HTTP/1.1\r\n\r\n")
        try expectRefusal(client.readResponse(), "no Host")
        let large = try server.client()
        try large.send(
            "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"
        )
        let response = try large.readResponse()
        #expect(response.status == 413)
        try expectRefusal(response, "too large")
    }

    /// Seeded damage to good bodies: any answer but a 5xx, and the server alive.
    @Test func damagedBodiesNeverBreakTheServer() throws {
        let server = try Self.server.get()
        let good = Array(
            #"{"prompt": ["Once", "Lily"], "max_tokens": 2, "stop": ["x"], "logprobs": 1, "n": 1, "logit_bias": {"3": 1.5}, "seed": 3}"#
                .utf8
        )
        var generator = SeededGenerator(seed: 11)
        let client = try server.client()
        for round in 0..<300 {
            var body = good
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                let index = Int.random(in: body.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: body[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: body.remove(at: index)
                default:
                    body.insert(body[Int.random(in: body.indices, using: &generator)], at: index)
                }
            }
            let response = try client.request("POST", Self.completionPath, body: body)
            #expect(
                response.status < 500,
                "round \(round): \(String(decoding: body, as: UTF8.self))"
            )
        }
        #expect(try server.get("/health").status == 200)
    }
}
