import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// What an answer that a stop string ends says of itself, to its client and to the operator.
@Suite struct StopStringTests {
    /// Longer than two blocks of the prefix cache.
    static let prompt = String(repeating: "Once upon a time, ", count: 8)

    @Test func itIsCountedAsAStopAndKeepsItsCachedTokens() throws {
        let server = try LiveServer.stories()
        let fields = """
            "prompt": "\(Self.prompt)", "max_tokens": 300, "temperature": 0, \
            "allowed_token_ids": [310, 311, 312], "stop": "STOP"
            """
        // Whatever the model writes here, its first two characters are the stop string.
        let text = try server.post("/v1/completions", "{\(fields)}").json().firstText ?? ""
        let stop = String(text.prefix(2))
        try #require(stop.count == 2)
        let body = fields.replacing("STOP", with: stop)
        let whole = try server.post("/v1/completions", "{\(body)}").json()
        #expect(whole.firstText == "")
        #expect(whole.firstChoice?["finish_reason"] == .string("stop"))
        #expect(whole["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.int ?? 0 >= 32)
        let streamed = try StreamedAnswer(
            server.post(
                "/v1/completions",
                "{\(body), \"stream\": true, \"stream_options\": {\"include_usage\": true}}"
            )
        )
        #expect(streamed.finishReasons[0] == "stop")
        #expect(streamed.usage?["prompt_tokens_details"]?["cached_tokens"]?.int ?? 0 >= 32)
        #expect(streamed.usage?["completion_tokens"] == whole["usage"]?["completion_tokens"])
        #expect(streamed.endsWithDone)
        func count(_ reason: String) throws -> Double? {
            try server.get("/metrics").text.split(separator: "\n").first {
                $0.hasPrefix("vllm:request_success_total{")
                    && $0.contains("finished_reason=\"\(reason)\"")
            }?.split(separator: " ").last.flatMap { Double($0) }
        }
        // An answer leaves a moment before its step is counted.
        var lookCount = 0
        while try count("stop") != 2, lookCount < 5000 { lookCount += 1 }
        let counts = try ["stop", "length", "abort", "error"].map { try count($0) }
        #expect(counts == [2, 1, 0, 0])
        try server.shutDown()
    }

    @Test func everyChoiceMayEndAtItsOwnPlace() throws {
        let server = try SharedServer.stories.get()
        let answer = try server.post(
            "/v1/completions",
            #"{"prompt": "Once", "n": 20, "max_tokens": 60, "seed": 1, "stop": ["a", "e"]}"#
        ).json()
        let choices = answer["choices"]?.array ?? []
        #expect(choices.count == 20)
        for choice in choices {
            let text = choice["text"]?.string ?? "a"
            #expect(!text.contains("a") && !text.contains("e"))
        }
    }
}
