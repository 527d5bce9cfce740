import NIOCore
import QuireClient
import QuireHTTP
import QuireJSON
import Testing

@Suite struct DatasetTests {
    private static func tokens(_ request: GenerationRequest) -> [Int32] {
        if case .tokens(let tokens) = request.prompt { tokens } else { [] }
    }

    @Test func equalSeedsGiveEqualPrompts() {
        let prompts = [UInt64(3), 3, 4].map { seed in
            var source = SyntheticPrompts(seed: seed)
            return source.random(count: 5, inputLength: 20, outputLength: 4).map(Self.tokens)
        }
        #expect(prompts[0] == prompts[1] && prompts[0] != prompts[2])
        #expect(Set(prompts[0]).count == 5)
    }

    @Test func lengthsAreAsAsked() {
        var source = SyntheticPrompts(seed: 1)
        let plain = source.random(count: 3, inputLength: 20, outputLength: 4, prefixLength: 6)
        #expect(plain.allSatisfy { Self.tokens($0).count == 26 && $0.maxTokens == 4 })
        #expect(Set(plain.map { Self.tokens($0).prefix(6) }).count == 1)
        #expect(plain.allSatisfy { $0.ignoresEnd && $0.promptTokenCount == 26 })
        let varied = source.random(
            count: 200,
            inputLength: 100,
            outputLength: 10,
            rangeRatio: 0.5
        )
        let lengths = Set(varied.map { Self.tokens($0).count })
        #expect(lengths.count > 20 && lengths.allSatisfy { (50...150).contains($0) })
    }

    @Test func sharedBeginningsAreShared() {
        var source = SyntheticPrompts(seed: 1)
        let requests = source.sharedPrefix(
            count: 12,
            prefixCount: 3,
            prefixLength: 8,
            suffixLength: 4,
            outputLength: 1
        )
        #expect(Set(requests.map { Self.tokens($0).prefix(8) }).count == 3)
        #expect(Set(requests.map(Self.tokens)).count == 12)
    }

    @Test func conversationsOfAnyShapeAreRead() throws {
        let file = """
            {"prompt": "hello", "output_tokens": 7}

            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
            {"conversations": [{"from": "human", "value": "c"}, {"from": "gpt", "value": "d"}]}
            """
        let requests = try ConversationFile.requests(
            Array(file.utf8),
            count: 4,
            outputLength: 9,
            ignoresEnd: false
        )
        #expect(requests.map(\.maxTokens) == [7, 9, 9, 7])
        #expect(requests[0].prompt == .text("hello") && requests[3].prompt == .text("hello"))
        #expect(requests[1].prompt == .messages([.message(role: "user", "a")]))
        #expect(requests[2].prompt == .messages([.message(role: "user", "c")]))
    }

    @Test(arguments: [
        ("", 1), ("\n\n", 1), ("{\"prompt\": \"a\"}\n{", 2), ("{\"prompt\": 3}", 1),
        ("{\"messages\": [3]}", 1), ("[]", 1),
        ("{\"messages\": [{\"role\": \"assistant\", \"content\": \"b\"}]}", 1),
    ])
    func faultsOfAFileNameTheLine(_ content: String, _ line: Int) {
        do throws(ConversationFile.Fault) {
            _ = try ConversationFile.requests(
                Array(content.utf8),
                count: 5,
                outputLength: nil,
                ignoresEnd: false
            )
            Issue.record("no fault was found")
        } catch {
            #expect(error.line == line)
        }
    }

    @Test func bodiesAreWhatEachEndpointTakes() throws {
        let address = ServerAddress(host: "h", port: 1, prefix: "/p")
        func body(_ path: String, _ request: GenerationRequest) throws -> (head: String, JSON) {
            var extra = JSONObject()
            extra["temperature"] = .int(0)
            let target = GenerationTarget(
                address: address,
                path: path,
                model: "m",
                headers: [(name: "authorization", value: "Bearer k")],
                extraBody: extra
            )
            let text = String(buffer: target.bytes(of: request))
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
            return (String(parts[0]), try JSON(parsing: String(parts[1])))
        }
        let (head, completion) = try body(
            "/v1/completions",
            GenerationRequest(prompt: .tokens([1, 2]), maxTokens: 5, ignoresEnd: true)
        )
        #expect(head.hasPrefix("POST /p/v1/completions HTTP/1.1\r\nhost: h:1\r\n"))
        #expect(head.contains("authorization: Bearer k"))
        #expect(completion["prompt"]?.array == [.int(1), .int(2)])
        #expect(completion["max_tokens"]?.int == 5 && completion["ignore_eos"]?.bool == true)
        #expect(completion["stream_options"]?["include_usage"]?.bool == true)
        #expect(completion["temperature"]?.int == 0)
        let (_, chat) = try body("/v1/chat/completions", GenerationRequest(prompt: .text("q\"\n")))
        #expect(chat["messages"]?.array == [.message(role: "user", "q\"\n")])
        #expect(chat["prompt"] == nil && chat["max_completion_tokens"] == nil)
    }
}
