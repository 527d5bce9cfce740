import QuireJSON
import QuireServer
import Testing

/// What a model's `generation_config.json` may set, and what is left out of it.
@Suite struct GenerationDefaultsTests {
    private func defaults(_ json: String) throws -> GenerationDefaults {
        GenerationDefaults(try JSON(parsing: json), endTokens: [2])
    }

    @Test(arguments: [
        #"{"temperature": 1e300}"#, #"{"temperature": -1}"#, #"{"temperature": 1001}"#,
        #"{"top_p": 0}"#, #"{"top_p": 1.5}"#, #"{"min_p": -0.1}"#, #"{"min_p": 2}"#,
        #"{"repetition_penalty": 0}"#, #"{"repetition_penalty": 1e-300}"#,
        #"{"repetition_penalty": 1e30}"#, #"{"top_k": -2}"#, #"{"top_k": 3000000000}"#,
        #"{"max_new_tokens": 0}"#, #"{"temperature": "hot", "top_k": 1.5}"#,
    ])
    func aValueOutOfTheRangeOfARequestIsLeftOut(_ json: String) throws {
        #expect(try defaults(json) == defaults("{}"))
    }

    @Test(arguments: [
        #"{"temperature": 0}"#, #"{"temperature": 0.6}"#, #"{"top_p": 0.95}"#, #"{"top_k": 20}"#,
        #"{"min_p": 0.1}"#, #"{"repetition_penalty": 1.05}"#, #"{"max_new_tokens": 100}"#,
    ])
    func aValueWithinItIsTaken(_ json: String) throws {
        #expect(try defaults(json) != defaults("{}"))
    }
}
