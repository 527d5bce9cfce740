import QuireJSON
import QuireTestSupport
import Synchronization
import Testing

import QuireTokenizer

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
