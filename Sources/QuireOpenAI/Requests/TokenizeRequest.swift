package import NIOCore

/// A `POST /tokenize` body: a prompt, or messages to render first.
package struct TokenizeRequest: Sendable, Hashable {
    package enum Input: Sendable, Hashable {
        case prompt(String)
        case chat(ChatFields)
    }

    /// `nil` means the server's own model.
    package let model: String?
    package let input: Input
    /// `true` unless told otherwise for a prompt, `false` for messages.
    package let addSpecialTokens: Bool
    /// The answer also holds each token's text.
    package let returnTokenStrings: Bool
    /// Names that no table knows, cut and bounded, for one line in the log.
    package let unknownFields: [String]

    /// Parses and validates a body.
    package init(parsing body: ByteBuffer, limits: RequestLimits) throws(OpenAIError) {
        try self.init(parsing: body.readableBytesUInt8Span, limits: limits)
    }

    /// Parses and validates a body.
    package init(parsing body: Span<UInt8>, limits: RequestLimits) throws(OpenAIError) {
        var scanner = RequestScanner(body, limits: limits)
        var chat = ChatFieldScan()
        var leftovers = FieldLeftovers()
        var model: String?
        var prompt: String?
        var addSpecialTokens: Bool?
        var returnTokenStrings: Bool?

        try scanner.beginBody()
        while let field = try scanner.nextField() {
            if try chat.take(field, from: &scanner) { continue }
            switch field {
            case "model": model = try scanner.string(field)
            case "prompt": prompt = try scanner.string(field)
            case "add_special_tokens": addSpecialTokens = try scanner.bool(field)
            case "return_token_strs": returnTokenStrings = try scanner.bool(field)
            default: try leftovers.take(field, from: &scanner, limits: limits)
            }
        }
        try scanner.finish()

        try leftovers.check()
        if let prompt, chat.messages == nil {
            self.input = .prompt(prompt)
        } else if prompt == nil, chat.messages != nil {
            self.input = .chat(try chat.chatFields())
        } else {
            throw .badRequest("Exactly one of prompt and messages is required.", param: "prompt")
        }
        if let model { try RequestScanner.checkLength(model, "model", limits.maxNameBytes) }
        self.model = model?.isEmpty == false ? model : nil
        self.addSpecialTokens = addSpecialTokens ?? (prompt != nil)
        self.returnTokenStrings = returnTokenStrings ?? false
        self.unknownFields = leftovers.unknownFields
    }
}
