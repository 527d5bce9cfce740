import NIOCore
import QuireJSON
import QuireOpenAI
import Testing

/// Whole answers: members, order and nulls as vLLM has them.
struct ResponseTests {
    @Test func aChatCompletionHasTheMembersOfVLLMInItsOrder() {
        let response = ChatCompletionResponse(
            id: "chatcmpl-1",
            created: 17,
            model: "m",
            choices: [.init(index: 0, content: bytes("hi \"you\""), finish: Finish(.stop))],
            usage: Usage(promptTokens: 9, completionTokens: 3)
        )
        let expected =
            #"{"id":"chatcmpl-1","object":"chat.completion","created":17,"model":"m","choices":"#
            + #"[{"index":0,"message":{"role":"assistant","content":"hi \"you\"","refusal":null,"#
            + #""annotations":null,"audio":null,"function_call":null,"tool_calls":[],"#
            + #""reasoning":null,"reasoning_content":null},"logprobs":null,"#
            + #""finish_reason":"stop","stop_reason":null,"token_ids":null}],"service_tier":null,"#
            + #""system_fingerprint":null,"usage":{"prompt_tokens":9,"total_tokens":12,"#
            + #""completion_tokens":3,"prompt_tokens_details":null},"prompt_logprobs":null,"#
            + #""prompt_token_ids":null,"kv_transfer_params":null}"#
        #expect(written { response.write(into: &$0) } == expected)
    }

    @Test func aCompletionHasTheMembersOfVLLMInItsOrder() {
        let response = CompletionResponse(
            id: "cmpl-1",
            created: 17,
            model: "m",
            choices: [
                .init(index: 0, text: bytes("a"), finish: Finish(.stop, stopReason: .token(2))),
                .init(index: 1, text: bytes("b"), finish: Finish(.length), tokenIDs: [1]),
            ],
            usage: Usage(promptTokens: 9, completionTokens: 3, cachedTokens: 4)
        )
        let expected =
            #"{"id":"cmpl-1","object":"text_completion","created":17,"model":"m","choices":["#
            + #"{"index":0,"text":"a","logprobs":null,"finish_reason":"stop","stop_reason":2,"#
            + #""token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null},"#
            + #"{"index":1,"text":"b","logprobs":null,"finish_reason":"length","stop_reason":null,"#
            + #""token_ids":[1],"prompt_logprobs":null,"prompt_token_ids":null}],"#
            + #""service_tier":null,"system_fingerprint":null,"usage":{"prompt_tokens":9,"#
            + #""total_tokens":12,"completion_tokens":3,"prompt_tokens_details":"#
            + #"{"cached_tokens":4}},"kv_transfer_params":null}"#
        #expect(written { response.write(into: &$0) } == expected)
    }

    @Test func promptLogprobsAreKeyedByTokenID() throws {
        var response = ChatCompletionResponse(
            id: "i",
            created: 1,
            model: "m",
            choices: [],
            usage: Usage(promptTokens: 2, completionTokens: 0)
        )
        response.promptTokenIDs = [5, 6]
        response.promptLogprobs = [
            nil,
            [
                TokenCandidate(id: 6, text: bytes("x"), logprob: -1.5, rank: 3),
                TokenCandidate(id: 7, text: bytes("\""), logprob: -0.1),
                TokenCandidate(id: 6, text: bytes("x"), logprob: -1.5, rank: 3),
            ],
        ]
        let body = written { response.write(into: &$0) }
        #expect(
            body.contains(
                #""prompt_logprobs":[null,{"6":{"logprob":-1.5,"rank":3,"decoded_token":"x"},"#
                    + #""7":{"logprob":-0.1,"rank":null,"decoded_token":"\""}}],"#
                    + #""prompt_token_ids":[5,6],"#
            )
        )
        #expect(try JSON(parsing: body).object != nil)
    }

    /// A whole vocabulary at one position (`--max-logprobs -1`): every one is shown once.
    @Test func alternativesByTheTenThousandAreWrittenInOnePass() throws {
        let top = (0..<30_000).map { number in
            let text = number % 3 == 2 ? "t\(number - 1)" : "t\(number)"
            return TokenCandidate(id: Int32(number), text: bytes(text), logprob: -1)
        }
        let response = CompletionResponse(
            id: "i",
            created: 1,
            model: "m",
            choices: [
                .init(
                    index: 0,
                    text: [],
                    finish: Finish(.stop),
                    logprobs: [TokenLogprob(id: 0, text: [], logprob: -1, top: top)]
                )
            ],
            usage: Usage(promptTokens: 0, completionTokens: 0)
        )
        let body = try parsed { response.write(into: &$0) }
        let logprobs = body["choices"]?.array?[0]["logprobs"]?["top_logprobs"]?.array
        #expect(logprobs?[0].object?.members.count == 20_000)
    }

    @Test func logprobsReadBackAsTheSameNumber() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let value = -Float(bitPattern: UInt32.random(in: 0..<0x461C_3C00, using: &random))
            var response = CompletionResponse(
                id: "i",
                created: 1,
                model: "m",
                choices: [.init(index: 0, text: [], finish: Finish(.stop))],
                usage: Usage(promptTokens: 0, completionTokens: 0)
            )
            response.choices[0].logprobs = [TokenLogprob(id: 0, text: [], logprob: value)]
            let body = try parsed { response.write(into: &$0) }
            let logprobs = body["choices"]?.array?[0]["logprobs"]?["token_logprobs"]?.array
            #expect(logprobs?[0].double.map { Float($0) } == value)
        }
    }

    @Test(arguments: [
        (-Float.infinity, "-9999.0"), (-Float.nan, "-9999.0"), (-20_000, "-9999.0"),
        (0, "0.0"), (-1e-05, "-1e-05"), (-0.1, "-0.1"), (-100, "-100.0"),
    ])
    func everyLogprobIsANumberThatJSONHas(_ value: Float, _ text: String) {
        let response = CompletionResponse(
            id: "i",
            created: 1,
            model: "m",
            choices: [
                .init(
                    index: 0,
                    text: [],
                    finish: Finish(.stop),
                    logprobs: [TokenLogprob(id: 0, text: [], logprob: value)]
                )
            ],
            usage: Usage(promptTokens: 0, completionTokens: 0)
        )
        #expect(written { response.write(into: &$0) }.contains(#""token_logprobs":[\#(text)]"#))
    }

    @Test func anErrorBodyNamesTheFieldAndRepeatsTheStatus() {
        let error = OpenAIError.badRequest("n must be at least 1, got 0.", param: "n")
        #expect(
            written { error.writeBody(into: &$0) }
                == #"{"error":{"message":"n must be at least 1, got 0.","#
                + #""type":"BadRequestError","param":"n","code":400}}"#
        )
        #expect(
            written { OpenAIError.modelNotFound("x").writeBody(into: &$0) }
                == #"{"error":{"message":"The model `x` does not exist.","#
                + #""type":"NotFoundError","param":"model","code":404}}"#
        )
        #expect(
            written { OpenAIError.unauthorized().writeBody(into: &$0) }.contains(#""param":null"#)
        )
    }

    @Test func aContextErrorHoldsTheNumbers() {
        let both = OpenAIError.contextLength(
            maxModelLength: 100,
            promptTokens: 90,
            maxTokens: 20,
            param: "messages"
        )
        #expect(both.message.contains("maximum context length is 100 tokens"))
        #expect(both.message.contains("110 tokens (90 in the messages, 20 in the completion)"))
        let prompt = OpenAIError.contextLength(
            maxModelLength: 100,
            promptTokens: 100,
            maxTokens: .max,
            param: "prompt"
        )
        #expect(prompt.message.contains("your prompt resulted in 100 tokens"))
    }

    @Test func modelsAreListedAsVLLMListsThem() throws {
        let card = ModelCard(id: "m", created: 17, root: "org/m", maxModelLength: 4096)
        let list = try parsed { ModelCard.writeList([card, card], into: &$0) }
        #expect(list["object"] == .string("list"))
        #expect(list["data"]?.array?.count == 2)
        let model = try parsed { card.write(into: &$0) }
        #expect(
            model.object?.members.map(\.key) == [
                "id", "object", "created", "owned_by", "root", "parent", "max_model_len",
                "permission",
            ]
        )
        #expect(model["max_model_len"] == .int(4096))
        #expect(model["permission"]?.array?[0]["allow_sampling"] == .bool(true))
    }

    @Test func theUtilityAnswersAreVLLMs() {
        var tokens = TokenizeResponse(maxModelLength: 8, tokens: [1, 20])
        #expect(
            written { tokens.write(into: &$0) }
                == #"{"count":2,"max_model_len":8,"tokens":[1,20],"token_strs":null}"#
        )
        tokens.tokenStrings = [bytes("a"), [0xE4]]
        #expect(written { tokens.write(into: &$0) }.hasSuffix(#""token_strs":["a","\#u{FFFD}"]}"#))
        let text = DetokenizeResponse(prompt: bytes("a\tb"))
        #expect(written { text.write(into: &$0) } == #"{"prompt":"a\tb"}"#)
        let version = VersionResponse(version: "1.2.3")
        #expect(written { version.write(into: &$0) } == #"{"version":"1.2.3"}"#)
    }

    @Test func idsTakeTheHeaderThenTheBodyThenChance() {
        let random = UInt128(0x0123_4567_89AB_CDEF)
        func id(_ header: String?, _ requestID: String?) -> String {
            ResponseID.make(.chatCompletion, header: header, requestID: requestID, random: random)
        }
        #expect(id(nil, nil) == "chatcmpl-00000000000000000123456789abcdef")
        #expect(id("from-header", "from-body") == "chatcmpl-from-header")
        #expect(id(nil, "from-body") == "chatcmpl-from-body")
        #expect(id("two words", nil).hasSuffix("cdef"))
        #expect(id(String(repeating: "x", count: 257), nil).hasSuffix("cdef"))
        #expect(ResponseID.hexadecimal(.max) == String(repeating: "f", count: 32))
    }
}
