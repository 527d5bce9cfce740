import NIOCore
import QuireGateway
import QuireOpenAI
import Testing

@Suite struct RoutingScanTests {
    @Test func findsWhatRoutingNeeds() throws {
        let body = #"""
             { "model" : "m\u00e9/é", "x": [1, {"model":"no"}, null], "messages":[{"role":"user","content":"hi"}],
              "stream":true,"stream_options":{"a":1,"include_usage": true},"user":"u","n":2,
              "max_tokens":30,"max_completion_tokens":20}
            """#
        let found = try scan(body)
        #expect(found.model == "mé/é")
        #expect(found.stream && found.includeUsage && found.isChat)
        #expect(found.user == "u")
        #expect(found.choiceCount == 2)
        #expect(found.maxTokens == 20)
        #expect(found.promptBytes == 6)
        #expect(found.obstacles == .severalChoices)
    }

    @Test func aWrongTypeCountsAsAbsent() throws {
        let found = try scan(
            #"{"model":5,"stream":"yes","user":[],"n":"2","max_tokens":1.5,"stream_options":7}"#
        )
        #expect(found.model == nil && !found.stream && found.user == nil)
        #expect(found.choiceCount == 1 && found.maxTokens == nil)
        #expect(found.layout.streamOptions == .unusable)
    }

    @Test func theLastOfARepeatedMemberCounts() throws {
        let found = try scan(
            #"{"model":"a","stream":true,"echo":true,"prompt":["x"],"prompt":"y","echo":false,"#
                + #""stream":false,"mod\u0065l":"b"}"#
        )
        #expect(found.model == "b")
        #expect(!found.stream)
        #expect(found.obstacles == .notStreamed)
    }

    @Test(arguments: [
        "", " ", "{", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1 "b":2}"#,
        #"{,"a":1}"#,
        #"{"a":01}"#, #"{"a":-}"#, #"{"a":1.}"#, #"{"a":1e}"#, #"{"a":+1}"#, #"{"a":.5}"#,
        #"{"a":tru}"#, #"{"a":nul"#, #"{"a":NaN}"#, #"{"a":'b'}"#, #"{"a":"b}"#, #"{"a":"\x"}"#,
        #"{"a":"\u12g4"}"#, #"{"a":"\u12"#, "{\"a\":\"\n\"}", "{\"a\":\"aaaaaaaaaa\u{1}\"}",
        #"{"a":[1,]}"#, #"{"a":[1 2]}"#, #"{"a":[}"#, #"{"a":1}x"#, #"{"a":1}{}"#, #"{"a\":1}"#,
        #"{"messages":[{"role":"user","content":"hi"}}"#,
    ])
    func badJSONIsRefused(_ body: String) {
        let error = #expect(throws: OpenAIError.self) { try scan(body) }
        #expect(error?.status == 400)
        #expect(error?.message.contains("not valid JSON") == true, "\(body)")
    }

    @Test(arguments: ["[]", "5", "null", #""text""#, "true", " [1]", "}"])
    func whatIsNotAnObjectIsRefused(_ body: String) {
        let error = #expect(throws: OpenAIError.self) { try scan(body) }
        #expect(error?.message == "The request body must be a JSON object.")
    }

    @Test func sizeAndDepthAreBounded() {
        var limits = RoutingScanLimits()
        limits.bodyBytesMax = 10
        let long = #expect(throws: OpenAIError.self) { try scan(#"{"a":"bcdef"}"#, limits) }
        #expect(long?.status == 413)
        let deep = String(repeating: "[", count: 100_000)
        let error = #expect(throws: OpenAIError.self) { try scan(#"{"a":"# + deep) }
        #expect(error?.message.contains("nested deeper") == true)
    }

    @Test func everyPrefixOfABodyIsRefusedAndNoneTraps() throws {
        let body = Array(
            #"{"model":"\ud83d\ude00","n":-12.5e3,"prompt":["a",[1,2]],"t":null}"#.utf8
        )
        for count in 0..<body.count {
            #expect(throws: OpenAIError.self) { try RoutingScan(ByteBuffer(bytes: body[..<count])) }
        }
        _ = try RoutingScan(ByteBuffer(bytes: body))
    }

    // MARK: Prefix keys

    private func chat(_ turns: [String], model: String = "m") -> String {
        let messages = turns.enumerated().map { index, text in
            #"{"role":"\#(index % 2 == 0 ? "user" : "assistant")","content":\#(quoted(text))}"#
        }
        return #"{"model":"\#(model)","messages":[\#(messages.joined(separator: ","))]}"#
    }

    @Test func aFollowUpBeginsWithItsPredecessorsKeys() throws {
        var random = ByteGenerator(seed: 7)
        var turns: [String] = []
        var keys: [UInt64] = []
        for turn in 0..<12 {
            turns.append((0..<90).map { _ in "w\(random.next() % 1000)" }.joined(separator: " "))
            let found = try scan(chat(turns)).prefixKeys
            #expect(found.starts(with: keys))
            #expect(found.count > keys.count, "turn \(turn)")
            keys = found
        }
        #expect(Set(keys).count == keys.count)
    }

    @Test func keysPartWhereTheTextsPart() throws {
        let head = String(repeating: "The same words. ", count: 40)
        let first = try scan(chat([head + "one" + head])).prefixKeys
        let second = try scan(chat([head + "two" + head])).prefixKeys
        #expect(first.count == 5 && second.count == 5)
        #expect(first[..<2] == second[..<2])
        #expect(zip(first, second).dropFirst(2).allSatisfy { $0 != $1 })
        // The same letters in other messages are another conversation.
        let split = try scan(chat([head, "one" + head])).prefixKeys
        #expect(split[..<2] == first[..<2] && split[2] != first[2])
    }

    @Test func escapesAndWhiteSpaceMakeNoOtherKeys() throws {
        let text = String(repeating: "你好, \u{1F600}é", count: 50)
        let escaped = text.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
        let plain = try scan(#"{"messages":[{"role":"user","content":"\#(text)"}]}"#)
        let other = try scan(
            "{ \"messages\" : [ { \"role\" : \"user\",\n\"content\":\"\(escaped)\" } ] }"
        )
        #expect(plain.prefixKeys == other.prefixKeys)
        #expect(plain.prefixKeys.count == text.utf8.count / 256)
    }

    @Test func theNumberOfKeysIsBounded() throws {
        var limits = RoutingScanLimits()
        limits.prefixBlockBytes = 64
        limits.prefixBlockCountMax = 3
        let text = String(repeating: "\\n0123456", count: 1000)
        #expect(try scan(#"{"prompt":"\#(text)"}"#, limits).prefixKeys.count == 3)
        #expect(try scan(#"{"prompt":"short"}"#, limits).prefixKeys.isEmpty)
        let ids = (0..<500).map(String.init).joined(separator: ",")
        #expect(try scan(#"{"prompt":[\#(ids)]}"#, limits).prefixKeys.count == 3)
    }

    @Test func theHashIsTheSameHoweverItsBytesArrive() {
        var random = ByteGenerator(seed: 11)
        let text = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var whole = PrefixHasher(blockBytes: 64, blockCountMax: 100)
        for byte in text { whole.take(byte) }
        for _ in 0..<50 {
            var cut = PrefixHasher(blockBytes: 64, blockCountMax: 100)
            for piece in random.pieces(of: text, sizeMax: 40) {
                cut.take(piece.readableBytesUInt8Span)
            }
            #expect(cut.keys == whole.keys)
        }
        #expect(whole.keys.count == 15)
    }

    // MARK: Resume

    static let obstacleTable: [(String, ResumeObstacles)] = [
        (#""n":2"#, ResumeObstacles.severalChoices), (#""best_of":2"#, .severalCandidates),
        (#""best_of":1"#, []), (#""use_beam_search":true"#, .severalCandidates),
        (#""logprobs":true"#, .tokenDetails), (#""logprobs":0"#, .tokenDetails),
        (#""logprobs":false"#, []), (#""logprobs":null"#, []),
        (#""return_token_ids":true"#, .tokenDetails), (#""tools":[]"#, []), (#""tools":null"#, []),
        (#""tools":[{"type":"function"}]"#, .tools), (#""echo":true"#, .echo),
        (#""suffix":"x""#, .suffix), (#""suffix":"""#, []),
        (#""response_format":{"type":"text"}"#, []),
        (#""response_format":{"x":{"type":"text"},"type":"json_object"}"#, .structuredOutput),
        (#""guided_json":{}"#, .structuredOutput), (#""truncate_prompt_tokens":5"#, .truncation),
        (#""include_stop_str_in_output":true"#, .stopInOutput),
        (#""continue_final_message":true"#, .ownContinuation),
        (#""add_generation_prompt":false"#, .ownContinuation),
        (#""add_generation_prompt":true"#, []), (#""seed":5,"temperature":0,"stop":["a"]"#, []),
    ]

    @Test(arguments: obstacleTable)
    func knowsWhatCannotBeResumed(_ members: String, _ obstacles: ResumeObstacles) throws {
        let body = #"{"stream":true,"prompt":"a",\#(members)}"#
        #expect(try scan(body).obstacles == obstacles)
    }

    @Test func promptsThatAreNotTextCannotBeResumed() throws {
        #expect(try scan(#"{"stream":true,"prompt":["a"]}"#).obstacles == [.promptList, .noPrompt])
        #expect(
            try scan(#"{"stream":true,"prompt":[1,2]}"#).obstacles
                == [.promptList, .tokenPrompt, .noPrompt]
        )
        #expect(try scan(#"{"stream":true,"messages":[]}"#).obstacles == .noPrompt)
        #expect(try scan(#"{"prompt":"a"}"#).obstacles == .notStreamed)
    }
}
