import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// A server with `--skip-tokenizer-init`: ids in, ids out.
@Suite struct TokenOnlyTests {
    @Test func idsGoInAndOutWithoutATokenizer() throws {
        let server = try LiveServer.stories(hasTokenizer: false)
        let body = #""prompt": [1, 403, 407, 261, 378], "max_tokens": 3, "temperature": 0"#
        let whole = try server.post(
            "/v1/completions",
            "{\(body), \"return_token_ids\": true}"
        ).json()
        #expect(whole.firstChoice?["token_ids"] == .array([.int(432), .int(383), .int(286)]))
        #expect(whole.firstText == "")
        let streamed = try StreamedAnswer(
            server.post(
                "/v1/completions",
                "{\(body), \"return_token_ids\": true, \"stream\": true}"
            )
        )
        #expect(streamed.tokenIDs[0] == [432, 383, 286])
        for (path, bad) in [
            ("/v1/completions", #"{"prompt": "text"}"#),
            ("/v1/completions", #"{"prompt": [1], "stop": "x"}"#),
            ("/v1/completions", #"{"prompt": [1], "bad_words": ["x"]}"#),
            ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "hi"}]}"#),
            ("/tokenize", #"{"prompt": "text"}"#),
            ("/detokenize", #"{"tokens": [1]}"#),
        ] {
            let response = try server.post(path, bad)
            #expect(response.status == 400)
            #expect(response.text.contains("--skip-tokenizer-init"), "\(path) \(bad)")
        }
        try server.shutDown()
    }
}
