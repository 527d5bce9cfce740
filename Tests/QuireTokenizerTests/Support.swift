import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Synchronization
import Testing

/// Tokenizers of the assets, each loaded once for all tests.
enum TestTokenizers {
    private static let loaded = Mutex<[String: Tokenizer]>([:])

    /// The tokenizer of a folder; the goldens were made from tokenizer.json alone.
    static func load(_ folder: String, withConfiguration: Bool = false) throws -> Tokenizer {
        let key = withConfiguration ? folder + " configured" : folder
        if let known = loaded.withLock({ $0[key] }) { return known }
        let tokenizer = try Tokenizer(
            tokenizerJSON: try Assets.bytes(folder + "/tokenizer.json"),
            configuration: withConfiguration
                ? try Assets.json(folder + "/tokenizer_config.json") : nil
        )
        loaded.withLock { $0[key] = tokenizer }
        return tokenizer
    }

    static func ids(_ json: JSON?) throws -> [Int32] {
        try #require(json?.array).map { try Int32(#require($0.int)) }
    }
}

extension Tokenizer {
    func text(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
        String(decoding: decode(ids, skipSpecialTokens: skipSpecialTokens), as: UTF8.self)
    }
}

/// A small tokenizer.json made by a test: a vocabulary of the given tokens, and what it sets.
struct TinyFile {
    var tokens: [String]
    var merges: JSON = .array([])
    var addedTokens: [JSON] = []
    var normalizer: JSON = .null
    var preTokenizer: JSON = .null
    var postProcessor: JSON = .null
    var decoder: JSON = .object(["type": .string("Fuse")])
    /// Members of the model beside vocabulary and merges.
    var model: JSONObject = ["type": .string("BPE")]

    init(tokens: [String], decoder: JSON = .object(["type": .string("Fuse")])) {
        self.tokens = tokens
        self.decoder = decoder
    }

    var json: JSON {
        var vocabulary = JSONObject()
        var next = 0
        for token in tokens where vocabulary[token] == nil {
            vocabulary[token] = .int(next)
            next += 1
        }
        var model = model
        if model["vocab"] == nil { model["vocab"] = .object(vocabulary) }
        if model["merges"] == nil { model["merges"] = merges }
        return .object([
            "version": .string("1.0"),
            "truncation": .object(["max_length": .int(3)]),
            "padding": .null,
            "added_tokens": .array(addedTokens),
            "normalizer": normalizer,
            "pre_tokenizer": preTokenizer,
            "post_processor": postProcessor,
            "decoder": decoder,
            "model": .object(model),
        ])
    }

    func load(configuration: JSON? = nil) throws(TokenizerError) -> Tokenizer {
        try Tokenizer(tokenizerJSON: Array(json.text.utf8), configuration: configuration)
    }

    static func added(_ id: Int, _ content: String, _ flags: String...) -> JSON {
        var entry: JSONObject = ["id": .int(id), "content": .string(content)]
        for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"] {
            entry[flag] = .bool(flags.contains(flag))
        }
        return .object(entry)
    }
}

extension JSON {
    /// The value as JSON text, for files that tests write.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): Self.quoted(value)
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let object):
            "{"
                + object.members.map { Self.quoted($0.key) + ":" + $0.value.text }
                .joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
