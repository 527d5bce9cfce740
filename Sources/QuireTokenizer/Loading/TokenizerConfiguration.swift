import QuireJSON

/// What tokenizer_config.json says beyond tokenizer.json, as far as ids and texts depend on it.
struct TokenizerConfiguration {
    /// Tokens by id that tokenizer.json may lack.
    private(set) var addedTokens: [AddedToken] = []
    /// Contents of the tokens that have a role (`eos_token` and its like).
    private(set) var specialTokens: Set<[UInt8]> = []
    /// The tokens that a Llama tokenizer puts around a text, where the flags say so; `nil` leaves
    /// that to the post-processor.
    private(set) var wrapping: (first: [UInt8]?, last: [UInt8]?)?

    private static let roles = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    init(_ json: JSON) throws(TokenizerError) {
        let path = "added_tokens_decoder"
        for member in json[path]?.object?.members ?? [] {
            guard let id = Int(member.key) else {
                throw .invalid(path: path, reason: "\(member.key) is not an id")
            }
            addedTokens.append(try AddedToken(member.value, id: id, at: "\(path).\(member.key)"))
        }
        for role in Self.roles {
            if let content = Self.content(json[role]) { specialTokens.insert(content) }
        }
        for value in json["additional_special_tokens"]?.array ?? [] {
            if let content = Self.content(value) { specialTokens.insert(content) }
        }
        let isLlama = json["tokenizer_class"]?.string?.hasPrefix("LlamaTokenizer") ?? false
        if isLlama, let addsFirst = json["add_bos_token"]?.bool,
            let addsLast = json["add_eos_token"]?.bool
        {
            wrapping = (
                addsFirst ? Self.content(json["bos_token"]) : nil,
                addsLast ? Self.content(json["eos_token"]) : nil
            )
        }
    }

    /// A token is written as its content or as an object that holds it.
    private static func content(_ json: JSON?) -> [UInt8]? {
        (json?.string ?? json?["content"]?.string).map { Array($0.utf8) }
    }
}
