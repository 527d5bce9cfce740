package import QuireJSON
package import QuireTemplate
package import QuireTokenizer

/// The model that a server answers for, as its clients see it: names, text, bounds, defaults.
///
/// A value made at start and then only read, on any thread.
package struct ServedModel: Sendable {
    /// The names that requests may use, at least one; the first stands for a request that has none.
    package var names: [String]
    /// Further names that requests may use and that are not listed.
    package var aliases: [String] = []
    /// What the names stand for, as it was given to the server, but never a path.
    package var root: String
    /// Seconds since 1970 at which the server came up.
    package var created: Int
    /// Without one only token ids go in and out (`--skip-tokenizer-init`).
    package let tokenizer: Tokenizer?
    /// Bytes of the tokenizer's longest token; 0 without one.
    let longestTokenBytes: Int
    /// Without one there are completions, but no chats.
    package var template: ChatTemplate?
    /// What the template may name: `bos_token`, `eos_token` and the like.
    package var specialTokens: JSONObject
    /// Tokens of prompt and answer together.
    package var maxContext: Int
    /// Token ids below this exist.
    package var vocabularySize: Int
    /// What the model's own files say about fields that a request leaves out.
    package var defaults: GenerationDefaults

    package init(
        names: [String],
        root: String,
        created: Int,
        tokenizer: Tokenizer?,
        template: ChatTemplate?,
        specialTokens: JSONObject,
        maxContext: Int,
        vocabularySize: Int,
        defaults: GenerationDefaults
    ) {
        precondition(!names.isEmpty, "a served model needs a name")
        self.names = names
        self.root = root
        self.created = created
        self.tokenizer = tokenizer
        let ids = 0..<Int32(clamping: tokenizer?.vocabularySize ?? 0)
        longestTokenBytes = ids.reduce(0) { max($0, tokenizer?.tokenBytes($1).count ?? 0) }
        self.template = template
        self.specialTokens = specialTokens
        self.maxContext = maxContext
        self.vocabularySize = vocabularySize
        self.defaults = defaults
    }
}
