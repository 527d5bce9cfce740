import NIOCore
import QuireJSON
import QuireOpenAI
import Testing

/// Good requests: every honoured field arrives, and every default is vLLM's.
struct RequestParsingTests {
    @Test func aBareChatRequestHasTheDefaults() throws {
        let request = try chat(chatBody(""))
        #expect(request.model == nil)
        #expect(request.chat.messages.count == 1)
        #expect(request.chat.addGenerationPrompt)
        #expect(!request.chat.continueFinalMessage)
        #expect(request.toolChoice == .none)
        #expect(request.sampling.n == 1)
        #expect(request.sampling.temperature == nil)
        #expect(request.sampling.topP == nil)
        #expect(request.sampling.topK == nil)
        #expect(request.sampling.maxTokens == nil)
        #expect(request.sampling.logprobs == nil)
        #expect(request.sampling.skipSpecialTokens)
        #expect(!request.options.stream)
        #expect(!request.options.addSpecialTokens)
        #expect(request.unknownFields.isEmpty)
    }

    @Test func aBareCompletionRequestHasTheDefaults() throws {
        let request = try completion(completionBody(""))
        #expect(request.prompts == [.text("hi")])
        #expect(request.sampling.maxTokens == 16)
        #expect(request.options.addSpecialTokens)
    }

    @Test func everySamplingFieldArrives() throws {
        let request = try chat(
            chatBody(
                """
                "model":"m","n":3,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,
                "repetition_penalty":1.1,"presence_penalty":-1,"frequency_penalty":0.25,"seed":-7,
                "logit_bias":{"5":-100,"6":250},"stop":["a","b"],"stop_token_ids":[1,2.0],
                "include_stop_str_in_output":true,"ignore_eos":true,"min_tokens":2,"max_tokens":9,
                "bad_words":["x"],"allowed_token_ids":[7,3,7],"logprobs":true,"top_logprobs":4,
                "prompt_logprobs":0,"skip_special_tokens":false,
                "spaces_between_special_tokens":true
                """
            )
        )
        let sampling = request.sampling
        #expect(request.model == "m")
        #expect(sampling.n == 3)
        #expect(sampling.temperature == 0.5)
        #expect(sampling.topP == 0.9)
        #expect(sampling.topK == 40)
        #expect(sampling.minP == 0.05)
        #expect(sampling.repetitionPenalty == 1.1)
        #expect(sampling.presencePenalty == -1)
        #expect(sampling.frequencyPenalty == 0.25)
        #expect(sampling.seed == -7)
        #expect(sampling.logitBias == [5: -100, 6: 100])
        #expect(sampling.stop == ["a", "b"])
        #expect(sampling.stopTokenIDs == [1, 2])
        #expect(sampling.includeStopStringInOutput)
        #expect(sampling.ignoreEOS)
        #expect(sampling.minTokens == 2)
        #expect(sampling.maxTokens == 9)
        #expect(sampling.badWords == ["x"])
        #expect(sampling.allowedTokenIDs == [3, 7])
        #expect(sampling.logprobs == 4)
        #expect(sampling.promptLogprobs == 0)
        #expect(!sampling.skipSpecialTokens)
    }

    @Test func everyOptionArrives() throws {
        let options = try completion(
            completionBody(
                """
                "stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true,
                "include_obfuscation":false},"echo":true,"return_token_ids":true,
                "return_tokens_as_token_ids":true,"priority":-3,"request_id":"r","cache_salt":"s",
                "truncate_prompt_tokens":-1,"truncation_side":"left","add_special_tokens":false,
                "user":"u"
                """
            )
        ).options
        #expect(options.stream && options.includeUsage && options.continuousUsageStats)
        #expect(options.echo && options.returnTokenIDs && options.returnTokensAsTokenIDs)
        #expect(options.priority == -3)
        #expect(options.requestID == "r")
        #expect(options.cacheSalt == "s")
        #expect(options.truncatePromptTokens == -1)
        #expect(options.truncationSide == .left)
        #expect(!options.addSpecialTokens)
        #expect(options.user == "u")
    }

    @Test func valuesThatSwitchAFieldOffReadAsOff() throws {
        let sampling = try chat(
            chatBody(#""top_k":-1,"seed":-1,"best_of":1,"stop":[],"logprobs":false,"stop":null"#)
        ).sampling
        #expect(sampling.topK == 0)
        #expect(sampling.seed == nil)
        #expect(sampling.stop == [])
        #expect(sampling.logprobs == nil)
    }

    @Test func integersMayBeWrittenWithAFraction() throws {
        #expect(try chat(chatBody(#""max_tokens":16.0,"n":2e0"#)).sampling.maxTokens == 16)
    }

    @Test func theLastOfRepeatedKeysWins() throws {
        let body = chatBody(#""n":1,"n":4,"guided_json":{"a":1},"guided_json":null"#)
        #expect(try chat(body).sampling.n == 4)
    }

    @Test func maxCompletionTokensWinsOverMaxTokens() throws {
        let members = #""max_completion_tokens":5,"max_tokens":9"#
        #expect(try chat(chatBody(members)).sampling.maxTokens == 5)
    }

    @Test func logprobsWithoutANumberMeansTheChosenTokenAlone() throws {
        #expect(try chat(chatBody(#""logprobs":true"#)).sampling.logprobs == 0)
    }

    @Test func echoWithLogprobsAsksForThePromptsToo() throws {
        let members = #""echo":true,"logprobs":3,"max_tokens":0"#
        let sampling = try completion(completionBody(members)).sampling
        #expect(sampling.promptLogprobs == 3)
        #expect(sampling.maxTokens == 0)
    }

    @Test func minusOneLogprobsMeansAVocabularyThatFitsTheLimit() throws {
        var limits = RequestLimits()
        limits.vocabularySize = 512
        limits.maxLogprobs = 512
        let request = try completion(completionBody(#""logprobs":-1"#), limits)
        #expect(request.sampling.logprobs == 512)
    }

    @Test(arguments: [
        (#""a""#, [CompletionRequest.Prompt.text("a")]),
        (#"["a","b"]"#, [.text("a"), .text("b")]),
        ("[1,2,3]", [.tokens([1, 2, 3])]),
        ("[[1,2],[3]]", [.tokens([1, 2]), .tokens([3])]),
    ])
    func promptsHaveFourForms(_ text: String, _ prompts: [CompletionRequest.Prompt]) throws {
        #expect(try completion(#"{"prompt":\#(text)}"#).prompts == prompts)
    }

    @Test func messagesKeepTheirMembersAndOrder() throws {
        let message =
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"#
            + #""function","function":{"name":"f","arguments":"{\"b\":1,\"a\":2.0}"}}],"x":1}"#
        let request = try chat(#"{"messages":[\#(message)]}"#)
        #expect(request.chat.messages == [try JSON(parsing: message)])
    }

    @Test(arguments: [
        #"{"role":"assistant"}"#,
        #"{"role":"assistant","tool_calls":null,"content":"a"}"#,
        #"{"role":"user","content":["a",{"type":"text","text":"b"}]}"#,
        #"{"role":"user","content":[]}"#,
        #"{"role":"tool","content":"1","tool_call_id":"x","name":null}"#,
        #"{"role":"whatever","content":"a"}"#,
        #"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}"#,
    ])
    func realMessagesPass(_ message: String) throws {
        #expect(try chat(#"{"messages":[\#(message)]}"#).chat.messages.count == 1)
    }

    @Test func toolsGoToTheTemplate() throws {
        let tool = #"{"type":"function","function":{"name":"f","parameters":{}}}"#
        #expect(try chat(chatBody(#""tools":[\#(tool)]"#)).toolChoice == .auto)
        let none = try chat(chatBody(#""tools":[\#(tool)],"tool_choice":"none""#))
        #expect(none.toolChoice == .none)
        #expect(none.chat.tools == [try JSON(parsing: tool)])
    }

    @Test func continuingTheLastMessageDropsTheGenerationPrompt() throws {
        let request = try chat(chatBody(#""continue_final_message":true"#))
        #expect(request.chat.continueFinalMessage)
        #expect(!request.chat.addGenerationPrompt)
    }

    @Test func templateArgumentsArrive() throws {
        let members =
            #""chat_template":"{{ x }}","chat_template_kwargs":{"enable_thinking":false},"#
            + #""documents":[{"title":"t","text":"u"}],"reasoning_effort":"low""#
        let fields = try chat(chatBody(members)).chat
        #expect(fields.chatTemplate == "{{ x }}")
        #expect(fields.chatTemplateArguments["enable_thinking"] == .bool(false))
        #expect(fields.documents?.count == 1)
        #expect(fields.reasoningEffort == "low")
    }

    @Test func unknownFieldsAreNotedOnceAndBounded() throws {
        let members = (0..<40).map { #""field\#($0 % 20)":[{"a":null}]"# }.joined(separator: ",")
        let request = try chat(chatBody(members))
        #expect(request.unknownFields.count == 16)
        #expect(request.unknownFields.first == "field0")
    }

    @Test func tokenizeTakesAPromptOrMessages() throws {
        let limits = RequestLimits()
        let prompt = try TokenizeRequest(
            parsing: ByteBuffer(string: #"{"prompt":"","return_token_strs":true}"#),
            limits: limits
        )
        #expect(prompt.input == .prompt(""))
        #expect(prompt.addSpecialTokens && prompt.returnTokenStrings)
        let messages = try TokenizeRequest(
            parsing: ByteBuffer(string: chatBody(#""model":"m""#)),
            limits: limits
        )
        guard case .chat(let fields) = messages.input else {
            Issue.record("messages were not read as a chat")
            return
        }
        #expect(fields.messages.count == 1)
        #expect(!messages.addSpecialTokens)
    }

    @Test func detokenizeTakesTokens() throws {
        let request = try DetokenizeRequest(
            parsing: ByteBuffer(string: #"{"model":"","tokens":[1,2,3]}"#),
            limits: RequestLimits()
        )
        #expect(request.tokens == [1, 2, 3])
        #expect(request.model == nil)
    }
}
