import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// The routes beside generation, on the real model.
@Suite struct EndpointTests {
    let server: LiveServer

    init() throws { server = try SharedServer.stories.get() }

    @Test func modelsAreListedUnderAllTheirNames() throws {
        let response = try server.get("/v1/models")
        #expect(response.status == 200)
        #expect(response["content-type"] == "application/json")
        let models = try response.json()["data"]?.array ?? []
        #expect(models.map { $0["id"]?.string } == ["stories", "second-name"])
        #expect(models.allSatisfy { $0["max_model_len"]?.int == 512 })
    }

    @Test func aModelIsRetrievedByName() throws {
        #expect(try server.get("/v1/models/second-name").json()["id"] == .string("second-name"))
        let missing = try server.get("/v1/models/gpt-4o")
        #expect(missing.status == 404)
        #expect(try missing.json()["error"]?["type"] == .string("NotFoundError"))
        #expect(
            try missing.json()["error"]?["message"]
                == .string("The model `gpt-4o` does not exist.")
        )
    }

    @Test func anyOfTheNamesServesARequest() throws {
        for name in ["stories", "second-name"] {
            let response = try server.post(
                "/v1/completions",
                #"{"model": "\#(name)", "prompt": "Once", "max_tokens": 1}"#
            )
            #expect(response.status == 200)
            #expect(try response.json()["model"] == .string(name))
        }
    }

    @Test func textGoesToTokensAndBack() throws {
        let tokenized = try server.post(
            "/tokenize",
            #"{"prompt": "Once upon a time", "return_token_strs": true}"#
        ).json()
        #expect(tokenized["tokens"] == .array(Story.promptIDs.map { .int(Int($0)) }))
        #expect(tokenized["count"]?.int == 5)
        #expect(tokenized["max_model_len"]?.int == 512)
        #expect(tokenized["token_strs"]?.array?.count == 5)
        let text = try server.post("/detokenize", #"{"tokens": [403, 407, 261, 378]}"#).json()
        #expect(text["prompt"]?.string == Story.prompt)
    }

    @Test func messagesAreTokenizedThroughTheTemplate() throws {
        let body = #"{"messages": [{"role": "user", "content": "Once upon"}]}"#
        let tokens = try server.post("/tokenize", body).json()["tokens"]?.array ?? []
        let list = tokens.compactMap { $0.int.map(String.init) }.joined(separator: ",")
        let text = try server.post("/detokenize", #"{"tokens": [\#(list)]}"#).json()
        #expect(text["prompt"]?.string == "Once upon\n>")
    }

    @Test func healthAndVersionAnswer() throws {
        for path in ["/health", "/ping"] {
            let response = try server.get(path)
            #expect(response.status == 200)
            #expect(response.body.isEmpty)
        }
        #expect(try server.get("/version").json()["version"] == .string("0"))
    }

    @Test func metricsAreExposedUnderTheNamesOfVLLM() throws {
        _ = try server.post("/v1/completions", #"{"prompt": "Once", "max_tokens": 3}"#)
        let response = try server.get("/metrics")
        #expect(response["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        for name in [
            "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc",
            "vllm:generation_tokens_total", "vllm:time_to_first_token_seconds_bucket",
        ] {
            #expect(response.text.contains("\n\(name){model_name=\"stories\""), "\(name)")
        }
    }

    @Test func headIsAnsweredWithoutABody() throws {
        let response = try server.client().request("HEAD", "/v1/models")
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
    }

    @Test func aConnectionServesManyRequests() throws {
        let client = try server.client()
        for _ in 0..<20 {
            let body = Array(#"{"prompt": "Once", "max_tokens": 2}"#.utf8)
            #expect(try client.request("POST", "/v1/completions", body: body).status == 200)
            #expect(try client.request("GET", "/health").status == 200)
        }
    }
}
