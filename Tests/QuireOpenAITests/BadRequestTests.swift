import NIOCore
import QuireJSON
import QuireOpenAI
import Testing

/// One request that must be refused.
struct BadRequest: Sendable, CustomTestStringConvertible {
    var body: String
    var param: String?
    var fragment: String

    init(_ body: String, _ param: String?, _ fragment: String) {
        self.body = body
        self.param = param
        self.fragment = fragment
    }

    var testDescription: String { String(body.prefix(80)) }
}

/// Every mistake gets a 400 that names the field and says what was wrong.
struct BadRequestTests {
    /// Fields that chat and completions share, after a valid prompt or conversation.
    static let common: [BadRequest] = [
        BadRequest(#""n":0"#, "n", "n must be at least 1, got 0"),
        BadRequest(#""n":-1"#, "n", "got -1"),
        BadRequest(#""n":129"#, "n", "at most 128, got 129"),
        BadRequest(#""n":1.5"#, "n", "n must be an integer"),
        BadRequest(#""n":"2""#, "n", "n must be an integer, got a string"),
        BadRequest(#""n":1e30"#, "n", "n must be an integer"),
        BadRequest(#""n":2,"temperature":0"#, "n", "n must be 1 when using greedy sampling"),
        BadRequest(#""temperature":-0.1"#, "temperature", "non-negative, got -0.1"),
        BadRequest(#""temperature":1e300"#, "temperature", "at most 1000, got 1e+300"),
        BadRequest(#""repetition_penalty":1e-300"#, "repetition_penalty", "[0.001, 1000]"),
        BadRequest(#""temperature":"hot""#, "temperature", "must be a number, got a string"),
        BadRequest(#""temperature":true"#, "temperature", "got a boolean"),
        BadRequest(#""temperature":[]"#, "temperature", "got an array"),
        BadRequest(#""temperature":1e999"#, nil, "out of range"),
        BadRequest(#""temperature":NaN"#, nil, "not valid JSON"),
        BadRequest(#""top_p":0"#, "top_p", "top_p must be in (0, 1], got 0.0"),
        BadRequest(#""top_p":1.01"#, "top_p", "got 1.01"),
        BadRequest(#""top_p":-1"#, "top_p", "got -1.0"),
        BadRequest(#""top_k":-2"#, "top_k", "top_k must be 0 (disable), or at least 1, got -2"),
        BadRequest(#""top_k":3000000000"#, "top_k", "got 3000000000"),
        BadRequest(#""top_k":0.5"#, "top_k", "integer"),
        BadRequest(#""min_p":-0.5"#, "min_p", "min_p must be in [0, 1], got -0.5"),
        BadRequest(#""min_p":2"#, "min_p", "got 2.0"),
        BadRequest(#""repetition_penalty":0"#, "repetition_penalty", "greater than zero, got 0.0"),
        BadRequest(#""repetition_penalty":-3"#, "repetition_penalty", "got -3.0"),
        BadRequest(#""presence_penalty":2.1"#, "presence_penalty", "[-2, 2], got 2.1"),
        BadRequest(#""presence_penalty":-2.1"#, "presence_penalty", "got -2.1"),
        BadRequest(#""frequency_penalty":3"#, "frequency_penalty", "got 3.0"),
        BadRequest(#""frequency_penalty":{}"#, "frequency_penalty", "must be a number"),
        BadRequest(#""seed":1.25"#, "seed", "seed must be an integer"),
        BadRequest(#""seed":99999999999999999999"#, "seed", "64 bits"),
        BadRequest(#""logit_bias":[]"#, "logit_bias", "must be an object"),
        BadRequest(#""logit_bias":{"a":1}"#, "logit_bias.a", "not a token id"),
        BadRequest(#""logit_bias":{"-1":1}"#, "logit_bias.-1", "not a token id"),
        BadRequest(#""logit_bias":{"+1":1}"#, "logit_bias.+1", "not a token id"),
        BadRequest(#""logit_bias":{"":1}"#, "logit_bias.", "not a token id"),
        BadRequest(#""logit_bias":{"2147483648":1}"#, "logit_bias.2147483648", "not a token id"),
        BadRequest(#""logit_bias":{"1000":1}"#, "logit_bias.1000", "below 1000, the vocabulary"),
        BadRequest(#""logit_bias":{"5":"x"}"#, "logit_bias.5", "must be a number"),
        BadRequest(#""logit_bias":{"5":null}"#, "logit_bias.5", "must be a number, got null"),
        BadRequest(#""stop":5"#, "stop", "a string or a list of strings, got a number"),
        BadRequest(#""stop":"""#, "stop", "cannot contain an empty string"),
        BadRequest(#""stop":["a",""]"#, "stop", "cannot contain an empty string"),
        BadRequest(#""stop":["a",1]"#, "stop[1]", "must be a string, got a number"),
        BadRequest(#""stop":[null]"#, "stop[0]", "must be a string, got null"),
        BadRequest(
            #""stop":["# + Array(repeating: #""x""#, count: 65).joined(separator: ",") + "]",
            "stop",
            "at most 64 strings"
        ),
        BadRequest(
            #""stop":""# + String(repeating: "x", count: 1025) + "\"",
            "stop",
            "1025 bytes long; at most 1024"
        ),
        BadRequest(
            #""stop":["#
                + (0..<17).map { #""\#($0)"# + String(repeating: "x", count: 1000) + "\"" }
                .joined(separator: ",") + "]",
            "stop",
            "at most 16384 bytes together, got 17024"
        ),
        BadRequest(
            #""skip_special_tokens":false,"spaces_between_special_tokens":false"#,
            "spaces_between_special_tokens",
            "not supported together with skip_special_tokens = false"
        ),
        BadRequest(#""stop_token_ids":7"#, "stop_token_ids", "a list of token ids"),
        BadRequest(#""stop_token_ids":[-1]"#, "stop_token_ids[0]", "a token id"),
        BadRequest(#""stop_token_ids":[1,"2"]"#, "stop_token_ids[1]", "a token id, got a string"),
        BadRequest(#""stop_token_ids":[1,1000]"#, "stop_token_ids[1]", "1000 is out of vocabulary"),
        BadRequest(#""stop_token_ids":[2147483648]"#, "stop_token_ids[0]", "2147483647"),
        BadRequest(#""ignore_eos":1"#, "ignore_eos", "true or false, got a number"),
        BadRequest(#""min_tokens":-1"#, "min_tokens", "greater than or equal to 0, got -1"),
        BadRequest(#""min_tokens":9,"max_tokens":8"#, "min_tokens", "max_tokens=8, got 9"),
        BadRequest(#""max_tokens":0"#, "max_tokens", "max_tokens must be at least 1, got 0"),
        BadRequest(#""max_tokens":-7"#, "max_tokens", "got -7"),
        BadRequest(#""max_tokens":"16""#, "max_tokens", "an integer, got a string"),
        BadRequest(#""max_completion_tokens":0"#, "max_completion_tokens", "at least 1, got 0"),
        BadRequest(#""bad_words":"x""#, "bad_words", "a list of strings"),
        BadRequest(#""bad_words":[""]"#, "bad_words", "empty string"),
        BadRequest(#""bad_words":[{}]"#, "bad_words[0]", "must be a string, got an object"),
        BadRequest(#""allowed_token_ids":[]"#, "allowed_token_ids", "cannot be empty"),
        BadRequest(#""allowed_token_ids":[0.5]"#, "allowed_token_ids[0]", "a token id"),
        BadRequest(#""allowed_token_ids":[5000]"#, "allowed_token_ids[0]", "out of vocabulary"),
        BadRequest(#""prompt_logprobs":-2"#, "prompt_logprobs", "positive value or -1, got -2"),
        BadRequest(#""prompt_logprobs":21"#, "prompt_logprobs", "greater than max allowed: 20"),
        BadRequest(#""prompt_logprobs":-1"#, "prompt_logprobs", "the whole vocabulary"),
        BadRequest(
            #""prompt_logprobs":1,"stream":true"#,
            "prompt_logprobs",
            "not available when stream is true"
        ),
        BadRequest(#""echo":"yes""#, "echo", "true or false"),
        BadRequest(#""stream":"true""#, "stream", "true or false, got a string"),
        BadRequest(
            #""stream_options":{"include_usage":true}"#,
            "stream_options",
            "only be given when stream is true"
        ),
        BadRequest(#""stream":true,"stream_options":[]"#, "stream_options", "must be an object"),
        BadRequest(
            #""stream":true,"stream_options":{"include_usage":1}"#,
            "stream_options.include_usage",
            "true or false"
        ),
        BadRequest(#""best_of":3"#, "best_of", "got 3 with n = 1"),
        BadRequest(#""use_beam_search":true"#, "use_beam_search", "not supported"),
        BadRequest(
            #""response_format":{"type":"json_object"}"#,
            "response_format",
            "not supported yet"
        ),
        BadRequest(
            #""response_format":{"type":"json_schema","json_schema":{}}"#,
            "response_format",
            "constrained output"
        ),
        BadRequest(#""response_format":{"type":"xml"}"#, "response_format.type", "got xml"),
        BadRequest(#""response_format":{}"#, "response_format", "an object with a type"),
        BadRequest(#""response_format":"text""#, "response_format", "an object with a type"),
        BadRequest(#""guided_json":{}"#, "guided_json", "constrained output"),
        BadRequest(#""guided_regex":"a+""#, "guided_regex", "constrained output"),
        BadRequest(#""guided_choice":["a"]"#, "guided_choice", "constrained output"),
        BadRequest(#""guided_choice":[]"#, "guided_choice", "constrained output"),
        BadRequest(#""guided_grammar":"root ::= x""#, "guided_grammar", "constrained output"),
        BadRequest(#""structured_outputs":{"regex":"a"}"#, "structured_outputs", "constrained"),
        BadRequest(#""json_schema":{}"#, "json_schema", "constrained output"),
        BadRequest(#""suffix":"end""#, "suffix", "not supported"),
        BadRequest(#""prompt_embeds":"AAAA""#, "prompt_embeds", "send `prompt`"),
        BadRequest(#""audio":{"voice":"x"}"#, "audio", "only text"),
        BadRequest(#""modalities":["text","audio"]"#, "modalities", "only text"),
        BadRequest(#""functions":[{"name":"f"}]"#, "functions", "use `tools`"),
        BadRequest(#""function_call":"auto""#, "function_call", "use `tool_choice`"),
        BadRequest(#""logits_processors":["x.y"]"#, "logits_processors", "logit_bias"),
        BadRequest(#""kv_transfer_params":{"a":1}"#, "kv_transfer_params", "not supported"),
        BadRequest(#""vllm_xargs":{"a":1}"#, "vllm_xargs", "not supported"),
        BadRequest(#""thinking_token_budget":10"#, "thinking_token_budget", "max_tokens"),
        BadRequest(#""priority":"high""#, "priority", "an integer"),
        BadRequest(#""request_id":"""#, "request_id", "non-empty"),
        BadRequest(#""request_id":7"#, "request_id", "a string"),
        BadRequest(#""request_id":"a\nb""#, "request_id", "control characters"),
        BadRequest(
            #""request_id":""# + String(repeating: "é", count: 513) + "\"",
            "request_id",
            "1026 bytes"
        ),
        BadRequest(#""cache_salt":"""#, "cache_salt", "non-empty"),
        BadRequest(#""cache_salt":[1]"#, "cache_salt", "a string, got an array"),
        BadRequest(#""truncate_prompt_tokens":0"#, "truncate_prompt_tokens", "at least 1, got 0"),
        BadRequest(#""truncate_prompt_tokens":-2"#, "truncate_prompt_tokens", "got -2"),
        BadRequest(#""truncation_side":"middle""#, "truncation_side", "left or right, got middle"),
        BadRequest(#""model":5"#, "model", "a string, got a number"),
        BadRequest(
            #""model":""# + String(repeating: "m", count: 1025) + "\"",
            "model",
            "1025 bytes"
        ),
        BadRequest(#""user":{}"#, "user", "a string, got an object"),
        BadRequest(#""return_token_ids":"no""#, "return_token_ids", "true or false"),
        BadRequest(#""n":1,}"#, nil, "not valid JSON"),
        BadRequest(#""n" 1"#, nil, "expected ':'"),
        BadRequest(#""x":tru"#, nil, "not valid JSON"),
        BadRequest(#""x":"\ud8"#, nil, "not valid JSON"),
        BadRequest(#""x":01"#, nil, "may not begin with 0"),
        BadRequest("\"x\":\"a\u{1}\"", nil, "control character"),
    ]

    static let chatOnly: [BadRequest] = [
        BadRequest("", nil, "not valid JSON"),
        BadRequest("   ", nil, "too early, at byte 3"),
        BadRequest("[]", nil, "must be a JSON object"),
        BadRequest("null", nil, "must be a JSON object"),
        BadRequest("\"a\"", nil, "must be a JSON object"),
        BadRequest("{", nil, "not valid JSON"),
        BadRequest(chatBody("") + "x", nil, "after the end"),
        BadRequest(chatBody("") + chatBody(""), nil, "after the end"),
        BadRequest("{}", "messages", "messages is required"),
        BadRequest(#"{"messages":null}"#, "messages", "messages is required"),
        BadRequest(#"{"messages":"hi"}"#, "messages", "a list, got a string"),
        BadRequest(#"{"messages":{}}"#, "messages", "a list, got an object"),
        BadRequest(#"{"messages":[]}"#, "messages", "at least one message"),
        BadRequest(#"{"messages":["hi"]}"#, "messages[0]", "an object, got a string"),
        BadRequest(#"{"messages":[{}]}"#, "messages[0].role", "role is required"),
        BadRequest(#"{"messages":[{"role":1}]}"#, "messages[0].role", "a string, got an integer"),
        BadRequest(#"{"messages":[{"role":""}]}"#, "messages[0].role", "cannot be empty"),
        BadRequest(#"{"messages":[{"role":"user"}]}"#, "messages[0].content", "is required"),
        BadRequest(
            #"{"messages":[{"role":"user","content":"a"},{"role":"user","content":3}]}"#,
            "messages[1].content",
            "a string or a list of parts, got an integer"
        ),
        BadRequest(
            #"{"messages":[{"role":"user","content":[3]}]}"#,
            "messages[0].content[0]",
            "must be an object"
        ),
        BadRequest(
            #"{"messages":[{"role":"user","content":[{"text":"a"}]}]}"#,
            "messages[0].content[0].type",
            "type is required"
        ),
        BadRequest(
            #"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
            "messages[0].content[0].text",
            "text is required"
        ),
        BadRequest(
            #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#,
            "messages[0].content[0].type",
            "image_url is not supported; this model reads text only"
        ),
        BadRequest(
            #"{"messages":[{"role":"user","content":"a","name":1}]}"#,
            "messages[0].name",
            "a string"
        ),
        BadRequest(
            #"{"messages":[{"role":"assistant","tool_calls":{}}]}"#,
            "messages[0].tool_calls",
            "a list"
        ),
        BadRequest(
            #"{"messages":[{"role":"assistant","tool_calls":[{}]}]}"#,
            "messages[0].tool_calls[0].function",
            "is required"
        ),
        BadRequest(
            #"{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":[]}}]}]}"#,
            "messages[0].tool_calls[0].function.arguments",
            "a string of JSON, got an array"
        ),
        BadRequest(chatBody(#""logprobs":5"#), "logprobs", "top_logprobs says how many"),
        BadRequest(chatBody(#""logprobs":"yes""#), "logprobs", "true or false"),
        BadRequest(chatBody(#""top_logprobs":2"#), "top_logprobs", "logprobs must be set to true"),
        BadRequest(
            chatBody(#""logprobs":true,"top_logprobs":21"#),
            "top_logprobs",
            "Requested sample logprobs of 21, which is greater than max allowed: 20"
        ),
        BadRequest(chatBody(#""logprobs":true,"top_logprobs":-2"#), "top_logprobs", "or -1"),
        BadRequest(chatBody(#""tools":{}"#), "tools", "a list"),
        BadRequest(chatBody(#""tools":[1]"#), "tools[0]", "an object"),
        BadRequest(chatBody(#""tools":[{"type":"search"}]"#), "tools[0].type", "\"function\""),
        BadRequest(chatBody(#""tools":[{"type":"function"}]"#), "tools[0].function", "is required"),
        BadRequest(
            chatBody(#""tools":[{"type":"function","function":{}}]"#),
            "tools[0].function.name",
            "name is required"
        ),
        BadRequest(chatBody(#""tool_choice":"auto""#), "tool_choice", "tools must be set"),
        BadRequest(chatBody(#""tool_choice":"required""#), "tool_choice", "not supported yet"),
        BadRequest(
            chatBody(#""tool_choice":{"type":"function","function":{"name":"f"}}"#),
            "tool_choice",
            "not supported yet"
        ),
        BadRequest(chatBody(#""tool_choice":"maybe""#), "tool_choice", "got maybe"),
        BadRequest(chatBody(#""tool_choice":1"#), "tool_choice", "got integer"),
        BadRequest(chatBody(#""reasoning_effort":"max""#), "reasoning_effort", "got max"),
        BadRequest(chatBody(#""documents":[1]"#), "documents[0]", "an object"),
        BadRequest(chatBody(#""chat_template":1"#), "chat_template", "a string"),
        BadRequest(chatBody(#""chat_template_kwargs":[]"#), "chat_template_kwargs", "an object"),
        BadRequest(
            chatBody(#""chat_template_kwargs":{"messages":[]}"#),
            "chat_template_kwargs.messages",
            "cannot hold messages"
        ),
        BadRequest(
            chatBody(#""continue_final_message":true,"add_generation_prompt":true"#),
            "continue_final_message",
            "cannot both be true"
        ),
        BadRequest(
            #"{"messages":"# + String(repeating: "[", count: 100_000),
            nil,
            "nested deeper than 64 levels"
        ),
    ]

    static let completionOnly: [BadRequest] = [
        BadRequest("{}", "prompt", "prompt is required"),
        BadRequest(#"{"prompt":null}"#, "prompt", "prompt is required"),
        BadRequest(#"{"prompt":""}"#, "prompt", "cannot be empty"),
        BadRequest(#"{"prompt":[]}"#, "prompt", "cannot be empty"),
        BadRequest(#"{"prompt":[""]}"#, "prompt[0]", "cannot be empty"),
        BadRequest(#"{"prompt":[[]]}"#, "prompt[0]", "cannot be empty"),
        BadRequest(#"{"prompt":["a",[]]}"#, "prompt[1]", "of one kind"),
        BadRequest(#"{"prompt":[[1],"a"]}"#, "prompt[1]", "of one kind"),
        BadRequest(#"{"prompt":[1,"a"]}"#, "prompt[1]", "a token id, got a string"),
        BadRequest(#"{"prompt":[[1],[-2]]}"#, "prompt[1][0]", "a token id"),
        BadRequest(#"{"prompt":[1000]}"#, "prompt[0]", "out of vocabulary"),
        BadRequest(#"{"prompt":5}"#, "prompt", "must be a string, a list of strings"),
        BadRequest(#"{"prompt":{}}"#, "prompt", "must be a string, a list of strings"),
        BadRequest(#"{"prompt":[true]}"#, "prompt", "must be a string, a list of strings"),
        BadRequest(
            #"{"prompt":["# + Array(repeating: #""a""#, count: 1025).joined(separator: ",") + "]}",
            "prompt",
            "at most 1024 prompts"
        ),
        BadRequest(completionBody(#""logprobs":true"#), "logprobs", "an integer, got a boolean"),
        BadRequest(completionBody(#""logprobs":21"#), "logprobs", "max allowed: 20"),
        BadRequest(completionBody(#""min_tokens":17"#), "min_tokens", "max_tokens=16, got 17"),
        BadRequest(completionBody(#""echo":true,"max_tokens":-1"#), "max_tokens", "got -1"),
    ]

    static let limits: RequestLimits = {
        var limits = RequestLimits()
        limits.vocabularySize = 1000
        return limits
    }()

    @Test func theTablesHoldOverAHundredRequests() {
        #expect(Self.common.count + Self.chatOnly.count + Self.completionOnly.count >= 150)
    }

    @Test(arguments: common)
    func aWrongSharedFieldIsRefusedByNameInBothEndpoints(_ bad: BadRequest) {
        refused(bad) { _ = try chat(chatBody(bad.body), Self.limits) }
        refused(bad) { _ = try completion(completionBody(bad.body), Self.limits) }
    }

    @Test(arguments: chatOnly)
    func aWrongChatRequestIsRefused(_ bad: BadRequest) {
        refused(bad) { _ = try chat(bad.body, Self.limits) }
    }

    @Test(arguments: completionOnly)
    func aWrongCompletionRequestIsRefused(_ bad: BadRequest) {
        refused(bad) { _ = try completion(bad.body, Self.limits) }
    }

    @Test(arguments: [
        BadRequest("{}", "prompt", "Exactly one of prompt and messages"),
        BadRequest(#"{"prompt":"a","messages":[]}"#, "prompt", "Exactly one"),
        BadRequest(#"{"prompt":5}"#, "prompt", "a string"),
        BadRequest(#"{"messages":[]}"#, "messages", "at least one"),
        BadRequest(#"{"prompt":"a","return_token_strs":1}"#, "return_token_strs", "true or false"),
    ])
    func aWrongTokenizeRequestIsRefused(_ bad: BadRequest) {
        refused(bad) {
            _ = try TokenizeRequest(parsing: ByteBuffer(string: bad.body), limits: Self.limits)
        }
    }

    @Test(arguments: [
        BadRequest("{}", "tokens", "tokens is required"),
        BadRequest(#"{"tokens":"a"}"#, "tokens", "a list of token ids"),
        BadRequest(#"{"tokens":[1,-1]}"#, "tokens[1]", "a token id"),
        BadRequest(#"{"tokens":[1000]}"#, "tokens[0]", "this model has 1000 tokens"),
    ])
    func aWrongDetokenizeRequestIsRefused(_ bad: BadRequest) {
        refused(bad) {
            _ = try DetokenizeRequest(parsing: ByteBuffer(string: bad.body), limits: Self.limits)
        }
    }

    @Test func invalidUTF8IsRefused() {
        var body = ByteBuffer(string: #"{"prompt":"a"#)
        body.writeBytes([0xFF, 0xC0])
        body.writeString("\"}")
        refused(BadRequest("", nil, "not valid UTF-8")) {
            _ = try CompletionRequest(parsing: body, limits: Self.limits)
        }
    }

    @Test func valuesInMessagesAreCutShort() throws {
        let long = String(repeating: "e\u{301}", count: 5000)
        let error = #expect(throws: OpenAIError.self) {
            _ = try chat(chatBody(#""reasoning_effort":"\#(long)""#))
        }
        #expect(try #require(error).message.utf8.count < 400)
    }

    private func refused(
        _ bad: BadRequest,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ parse: () throws -> Void
    ) {
        let error = #expect(throws: OpenAIError.self, sourceLocation: sourceLocation) {
            try parse()
        }
        guard let error else { return }
        #expect(error.status == 400, sourceLocation: sourceLocation)
        #expect(error.type == "BadRequestError", sourceLocation: sourceLocation)
        #expect(error.param == bad.param, "\(error)", sourceLocation: sourceLocation)
        #expect(error.message.contains(bad.fragment), "\(error)", sourceLocation: sourceLocation)
    }
}
