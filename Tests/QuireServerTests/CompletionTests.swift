import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// `/v1/completions` on the real model.
@Suite struct CompletionTests {
    let server: LiveServer

    init() throws { server = try SharedServer.stories.get() }

    private func complete(_ fields: String) throws -> JSON {
        let response = try server.post("/v1/completions", "{\(fields)}")
        #expect(response.status == 200, "\(response.text)")
        return try response.json()
    }

    private func stream(_ fields: String) throws -> StreamedAnswer {
        let response = try server.post("/v1/completions", "{\"stream\": true, \(fields)}")
        #expect(response.status == 200, "\(response.text)")
        return try StreamedAnswer(response)
    }

    @Test func everyGoldenIsToldWholeAndStreamed() throws {
        let golden = try Assets.json("models/stories260K/golden.json")
        for item in golden["cases"]?.array ?? [] {
            // A step within float noise of two tokens may go either way.
            guard item["brittle"]?.bool != true else { continue }
            let ids = (item["prompt_ids"]?.array ?? []).compactMap { $0.int.map(String.init) }
            let fields = """
                "prompt": [\(ids.joined(separator: ","))], "max_tokens": 64, "temperature": 0, \
                "ignore_eos": true, "return_token_ids": true, "skip_special_tokens": false
                """
            let whole = try complete(fields)
            #expect(whole.firstChoice?["token_ids"] == item["greedy_ids"])
            #expect(whole.firstChoice?["finish_reason"] == .string("length"))
            let streamed = try stream(fields)
            #expect(streamed.texts[0] == whole.firstText)
            #expect(streamed.tokenIDs[0] == item["greedy_ids"]?.array?.compactMap(\.int))
            #expect(streamed.endsWithDone)
        }
    }

    @Test func aTextPromptIsTokenizedWithItsFirstToken() throws {
        let answer = try complete(
            #""prompt": "Once upon a time", "max_tokens": 24, "temperature": 0"#
        )
        #expect(answer.firstText?.hasPrefix(", there was a little girl named Lily.") == true)
        #expect(answer["usage"]?["prompt_tokens"]?.int == 5)
        #expect(answer["usage"]?["completion_tokens"]?.int == 24)
        #expect(answer["usage"]?["total_tokens"]?.int == 29)
        #expect(answer["object"] == .string("text_completion"))
    }

    @Test func equalSeedsGiveEqualTextsWholeAndStreamed() throws {
        let fields = #""prompt": "Once", "max_tokens": 40, "seed": 7, "temperature": 1.3"#
        let first = try complete(fields).firstText
        #expect(try complete(fields).firstText == first)
        #expect(try stream(fields).texts[0] == first)
        let other = #""prompt": "Once", "max_tokens": 40, "seed": 8, "temperature": 1.3"#
        #expect(try complete(other).firstText != first)
    }

    @Test func choicesDrawFromSeedsInARow() throws {
        let three = try complete(#""prompt": "Once", "max_tokens": 20, "seed": 40, "n": 3"#)
        let texts = (three["choices"]?.array ?? []).compactMap { $0["text"]?.string }
        #expect(texts.count == 3)
        #expect(Set(texts).count == 3)
        for (index, text) in texts.enumerated() {
            let alone = try complete(
                #""prompt": "Once", "max_tokens": 20, "seed": \#(40 + index)"#
            )
            #expect(alone.firstText == text)
        }
        let streamed = try stream(#""prompt": "Once", "max_tokens": 20, "seed": 40, "n": 3"#)
        #expect((0..<3).map { streamed.texts[$0] } == texts)
        #expect(three["usage"]?["completion_tokens"]?.int == 60)
    }

    @Test func aListOfPromptsIsAnsweredInOrder() throws {
        let both = try complete(
            #""prompt": ["Once upon a time", "Lily"], "max_tokens": 8, "temperature": 0"#
        )
        let texts = (both["choices"]?.array ?? []).compactMap { $0["text"]?.string }
        for (prompt, text) in zip(["Once upon a time", "Lily"], texts) {
            let alone = try complete(
                #""prompt": "\#(prompt)", "max_tokens": 8, "temperature": 0"#
            )
            #expect(alone.firstText == text)
        }
        #expect(both["choices"]?.array?.compactMap { $0["index"]?.int } == [0, 1])
    }

    @Test func aStopStringIsHiddenHoweverTokensCutIt() throws {
        // "girl named" ends within " named": the tokens of the golden do not end there.
        let fields = #""prompt": "Once upon a time", "max_tokens": 64, "temperature": 0"#
        let whole = try complete(fields + #", "stop": ["rl nam"]"#)
        #expect(whole.firstText == ", there was a little gi")
        #expect(whole.firstChoice?["finish_reason"] == .string("stop"))
        #expect(whole.firstChoice?["stop_reason"] == .string("rl nam"))
        #expect(try stream(fields + #", "stop": "rl nam""#).texts[0] == whole.firstText)
        let kept = try complete(
            fields + #", "stop": "rl nam", "include_stop_str_in_output": true"#
        )
        #expect(kept.firstText == ", there was a little girl nam")
    }

    @Test func aStopTokenEndsTheAnswer() throws {
        let answer = try complete(
            #""prompt": "Once upon a time", "max_tokens": 64, "temperature": 0, "stop_token_ids": [376]"#
        )
        #expect(answer.firstText == ", there was a")
        #expect(answer.firstChoice?["stop_reason"]?.int == 376)
        #expect(answer["usage"]?["completion_tokens"]?.int == 5)
    }

    @Test func logprobsHaveTheFourLists() throws {
        let fields =
            #""prompt": "Once upon a time", "max_tokens": 4, "temperature": 0, "logprobs": 2"#
        let logprobs = try complete(fields).firstChoice?["logprobs"]
        let tokens = (logprobs?["tokens"]?.array ?? []).compactMap(\.string)
        #expect(tokens == [",", " there", " was", " a"])
        #expect(logprobs?["text_offset"] == .array([.int(0), .int(1), .int(7), .int(11)]))
        let golden: [Double] = [-0.031703, -0.068423, -0.015955, -0.000784]
        let values = (logprobs?["token_logprobs"]?.array ?? []).compactMap(\.double)
        #expect(values.count == 4)
        for (value, expected) in zip(values, golden) { #expect(abs(value - expected) < 2e-3) }
        #expect(
            logprobs?["top_logprobs"]?.array?.allSatisfy { $0.object?.members.count == 2 } == true
        )
        let streamed = try stream(fields)
        let offsets = streamed.chunks.flatMap {
            ($0.firstChoice?["logprobs"]?["text_offset"]?.array ?? []).compactMap(\.int)
        }
        #expect(offsets == [0, 1, 7, 11])
    }

    @Test func echoPutsThePromptBeforeTheAnswer() throws {
        let fields =
            #""prompt": "Once upon a time", "max_tokens": 3, "temperature": 0, "echo": true"#
        let whole = try complete(fields)
        #expect(whole.firstText == "Once upon a time, there was")
        #expect(try stream(fields).texts[0] == whole.firstText)
    }

    @Test func anEchoAloneGeneratesNothing() throws {
        let answer = try complete(
            #""prompt": "Once upon a time", "max_tokens": 0, "echo": true, "logprobs": 1"#
        )
        #expect(answer.firstText == "Once upon a time")
        #expect(answer["usage"]?["completion_tokens"]?.int == 0)
        let values = answer.firstChoice?["logprobs"]?["token_logprobs"]?.array ?? []
        #expect(values.count == 5)
        #expect(values.first == .null)
        #expect(values.dropFirst().allSatisfy { $0.double ?? 1 <= 0 })
    }

    @Test func promptLogprobsAreThoseOfTheGolden() throws {
        let answer = try complete(
            #""prompt": "Once upon a time", "max_tokens": 1, "n": 2, "prompt_logprobs": 1"#
        )
        for choice in answer["choices"]?.array ?? [] {
            let positions = choice["prompt_logprobs"]?.array ?? []
            #expect(positions.count == 5)
            #expect(positions.first == .null)
            for (position, id) in zip(positions, Story.promptIDs).dropFirst() {
                #expect(position["\(id)"]?["logprob"]?.double ?? 1 <= 0)
                #expect(position["\(id)"]?["rank"]?.int ?? 0 >= 1)
            }
        }
    }

    @Test func tokenIDsComeBackWhenAskedFor() throws {
        let fields =
            #""prompt": "Once upon a time", "max_tokens": 3, "temperature": 0, "return_token_ids": true"#
        let whole = try complete(fields)
        #expect(whole.firstChoice?["token_ids"] == .array([.int(432), .int(383), .int(286)]))
        #expect(
            whole.firstChoice?["prompt_token_ids"]
                == .array(Story.promptIDs.map { .int(Int($0)) })
        )
        #expect(try stream(fields).tokenIDs[0] == [432, 383, 286])
    }

    @Test func usageComesInAChunkWithoutChoicesWhenAskedFor() throws {
        let fields = #""prompt": "Once", "max_tokens": 4"#
        #expect(try stream(fields).usage == nil)
        let streamed = try stream(fields + #", "stream_options": {"include_usage": true}"#)
        #expect(streamed.chunks.last?["choices"] == .array([]))
        #expect(streamed.usage?["completion_tokens"]?.int == 4)
        let running = try stream(
            fields
                + #", "stream_options": {"include_usage": true, "continuous_usage_stats": true}"#
        )
        let counts = running.chunks.compactMap { $0["usage"]?["completion_tokens"]?.int }
        #expect(counts == [1, 2, 3, 4, 4])
    }

    @Test func minTokensHoldsTheEndOff() throws {
        let answer = try complete(
            #""prompt": "Once upon a time", "max_tokens": 40, "temperature": 0, "min_tokens": 10, "stop": [" a"]"#
        )
        let tokens = answer["usage"]?["completion_tokens"]?.int ?? 0
        #expect(tokens > 10)
    }

    @Test func truncationKeepsTheEndOfThePrompt() throws {
        let fields = #""prompt": "Once upon a time", "max_tokens": 4, "temperature": 0"#
        let answer = try complete(
            fields + #", "truncate_prompt_tokens": 2, "return_token_ids": true"#
        )
        #expect(answer.firstChoice?["prompt_token_ids"] == .array([.int(261), .int(378)]))
    }

    @Test func logitBiasAndAllowedTokensSteer() throws {
        let biased = try complete(
            #""prompt": "Once", "max_tokens": 3, "temperature": 0, "logit_bias": {"300": 100}, "return_token_ids": true"#
        )
        #expect(biased.firstChoice?["token_ids"] == .array([.int(300), .int(300), .int(300)]))
        let allowed = try complete(
            #""prompt": "Once", "max_tokens": 5, "allowed_token_ids": [310, 311], "return_token_ids": true"#
        )
        let ids = (allowed.firstChoice?["token_ids"]?.array ?? []).compactMap(\.int)
        #expect(ids.count == 5 && ids.allSatisfy { $0 == 310 || $0 == 311 })
    }

    @Test func theIDOfTheRequestComesBack() throws {
        let body = #"{"prompt": "Once", "max_tokens": 1, "request_id": "abc"}"#
        let byField = try server.post("/v1/completions", body)
        #expect(try byField.json()["id"] == .string("cmpl-abc"))
        let byHeader = try server.post(
            "/v1/completions",
            body,
            headers: [("X-Request-Id", "from-header")]
        )
        #expect(try byHeader.json()["id"] == .string("cmpl-from-header"))
    }
}
