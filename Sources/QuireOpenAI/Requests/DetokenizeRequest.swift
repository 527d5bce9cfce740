package import NIOCore

/// A `POST /detokenize` body: token ids to turn back into text.
package struct DetokenizeRequest: Sendable, Hashable {
    /// `nil` means the server's own model.
    package let model: String?
    /// May be empty, which is the empty text.
    package let tokens: [Int32]
    /// Names that no table knows, cut and bounded, for one line in the log.
    package let unknownFields: [String]

    /// Parses and validates a body.
    package init(parsing body: ByteBuffer, limits: RequestLimits) throws(OpenAIError) {
        try self.init(parsing: body.readableBytesUInt8Span, limits: limits)
    }

    /// Parses and validates a body.
    package init(parsing body: Span<UInt8>, limits: RequestLimits) throws(OpenAIError) {
        var scanner = RequestScanner(body, limits: limits)
        var leftovers = FieldLeftovers()
        var model: String?
        var tokens: [Int32]?

        try scanner.beginBody()
        while let field = try scanner.nextField() {
            switch field {
            case "model": model = try scanner.string(field)
            case "tokens":
                tokens = try scanner.tokenIDs(
                    field,
                    maxCount: Int.max,
                    vocabularySize: limits.vocabularySize
                )
            default: try leftovers.take(field, from: &scanner, limits: limits)
            }
        }
        try scanner.finish()

        try leftovers.check()
        guard let tokens else {
            throw .badRequest("tokens is required.", param: "tokens")
        }
        if let model { try RequestScanner.checkLength(model, "model", limits.maxNameBytes) }
        self.model = model?.isEmpty == false ? model : nil
        self.tokens = tokens
        self.unknownFields = leftovers.unknownFields
    }
}
