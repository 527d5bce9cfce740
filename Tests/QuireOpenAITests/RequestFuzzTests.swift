import NIOCore
import QuireOpenAI
import Testing

/// Mutated bodies: whatever arrives, parsing ends with a request or a 400.
struct RequestFuzzTests {
    static let seedBodies = [
        chatBody(
            #""model":"m","temperature":0.7,"top_p":0.9,"n":2,"stop":["a","\u00e9\ud83d\ude00"],"#
                + #""logit_bias":{"15":-1.5e1},"stream":true,"stream_options":{"include_usage":true},"#
                + #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto","#
                + #""logprobs":true,"top_logprobs":3,"metadata":{"k":[null,false]},"max_tokens":99"#
        ),
        #"{"prompt":[[1,2,3],[4]],"max_tokens":5,"echo":true,"logprobs":2,"seed":-9,"suffix":null,"#
            + #""best_of":1,"response_format":{"type":"text"},"bad_words":["x y"],"guided_json":null}"#,
        #"{"tokens":[1,2,3,40000],"model":"m","prompt":"a","return_token_strs":true}"#,
    ]

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func aMutatedBodyIsARequestOrA400(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for round in 0..<5_000 {
            var body = Array(Self.seedBodies[round % Self.seedBodies.count].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&body, using: &random) }
            let buffer = ByteBuffer(bytes: body)
            accepted += outcome("seed \(seed) round \(round)") {
                _ = try ChatCompletionRequest(parsing: buffer, limits: RequestLimits())
            }
            accepted += outcome("seed \(seed) round \(round)") {
                _ = try CompletionRequest(parsing: buffer, limits: RequestLimits())
            }
            accepted += outcome("seed \(seed) round \(round)") {
                _ = try TokenizeRequest(parsing: buffer, limits: RequestLimits())
            }
            accepted += outcome("seed \(seed) round \(round)") {
                _ = try DetokenizeRequest(parsing: buffer, limits: RequestLimits())
            }
        }
        // Some mutations hit a string's inside and leave a good request; a driver whose bodies are
        // all refused at the first byte would test nothing.
        #expect(accepted > 100, "seed \(seed)")
    }

    private func outcome(_ name: String, _ parse: () throws -> Void) -> Int {
        do {
            try parse()
            return 1
        } catch let error as OpenAIError {
            #expect(error.status == 400 && !error.message.isEmpty, "\(name)")
        } catch {
            Issue.record("\(name): \(error)")
        }
        return 0
    }

    private func mutate(_ body: inout [UInt8], using random: inout SeededGenerator) {
        guard !body.isEmpty else { return }
        let index = Int.random(in: 0..<body.count, using: &random)
        let end = min(body.count, index + Int.random(in: 1...12, using: &random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0: body.removeSubrange(index..<end)
        case 1: body[index] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
        case 2: body.insert(contentsOf: body[index..<end], at: index)
        case 3: body[index] = Array("{}[]\",:0-e\\".utf8).randomElement(using: &random) ?? 0
        default: body.removeLast(body.count - index)
        }
    }
}
