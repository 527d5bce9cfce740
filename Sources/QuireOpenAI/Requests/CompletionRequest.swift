package import NIOCore
import QuireJSON

/// A `POST /v1/completions` body, read in one pass and validated.
package struct CompletionRequest: Sendable, Hashable {
    /// One prompt, never empty: text to tokenise, or token ids to take as they are.
    package enum Prompt: Sendable, Hashable {
        case text(String)
        case tokens([Int32])
    }

    /// `nil` means the server's own model.
    package let model: String?
    /// At least one; choice `i * n + k` answers prompt `i`.
    package let prompts: [Prompt]
    package let sampling: SamplingFields
    package let options: RequestOptions
    /// Names that no table knows, cut and bounded, for one line in the log.
    package let unknownFields: [String]

    /// Parses and validates a body.
    package init(parsing body: ByteBuffer, limits: RequestLimits) throws(OpenAIError) {
        try self.init(parsing: body.readableBytesUInt8Span, limits: limits)
    }

    /// Parses and validates a body.
    package init(parsing body: Span<UInt8>, limits: RequestLimits) throws(OpenAIError) {
        var scanner = RequestScanner(body, limits: limits)
        var common = CommonFieldScan(.completion, limits: limits)
        var leftovers = FieldLeftovers()
        var prompts: [Prompt] = []

        try scanner.beginBody()
        while let field = try scanner.nextField() {
            if field == "prompt" {
                prompts = try Self.readPrompts(from: &scanner, limits: limits)
            } else if try !common.take(field, from: &scanner) {
                try leftovers.take(field, from: &scanner, limits: limits)
            }
        }
        try scanner.finish()

        try leftovers.check()
        guard !prompts.isEmpty else {
            throw .badRequest("prompt is required and cannot be empty.", param: "prompt")
        }
        self.model = try common.modelName()
        self.prompts = prompts
        self.sampling = try common.samplingFields()
        self.options = try common.requestOptions()
        self.unknownFields = leftovers.unknownFields
    }

    private static let expected =
        "a string, a list of strings, a list of token ids or a list of those"

    private static func readPrompts(
        from scanner: inout RequestScanner,
        limits: RequestLimits
    ) throws(OpenAIError) -> [Prompt] {
        switch try scanner.kind() {
        case .null:
            try scanner.skip()
            return []
        case .string: return [.text(try nonEmptyText("prompt", from: &scanner))]
        case .array: return try readPromptList(from: &scanner, limits: limits)
        default: throw .badRequest("prompt must be \(expected).", param: "prompt")
        }
    }

    /// The first element decides whether this is one prompt of ids or a list of prompts.
    private static func readPromptList(
        from scanner: inout RequestScanner,
        limits: RequestLimits
    ) throws(OpenAIError) -> [Prompt] {
        try scanner.beginArray()
        guard try scanner.nextElement() else { return [] }
        let kind = try scanner.kind()
        if kind == .number {
            let ids = try scanner.tokenIDsFromFirst(
                "prompt",
                maxCount: Int.max,
                vocabularySize: limits.vocabularySize
            )
            return [.tokens(ids)]
        }
        guard kind == .string || kind == .array else {
            throw .badRequest("prompt must be \(expected).", param: "prompt")
        }
        var prompts: [Prompt] = []
        repeat {
            guard prompts.count < limits.maxPrompts else {
                throw .badRequest(
                    "prompt may hold at most \(limits.maxPrompts) prompts.",
                    param: "prompt"
                )
            }
            guard try scanner.kind() == kind else {
                let param = "prompt[\(prompts.count)]"
                throw .badRequest(
                    "\(param): the prompts of a list must be of one kind.",
                    param: param
                )
            }
            if kind == .string {
                prompts.append(.text(try nonEmptyText("prompt[\(prompts.count)]", from: &scanner)))
            } else {
                prompts.append(
                    .tokens(
                        try nonEmptyIDs("prompt[\(prompts.count)]", from: &scanner, limits: limits)
                    )
                )
            }
        } while try scanner.nextElement()
        return prompts
    }

    private static func nonEmptyText(
        _ param: @autoclosure () -> String,
        from scanner: inout RequestScanner
    ) throws(OpenAIError) -> String {
        let text = try scanner.plainString()
        guard !text.isEmpty else {
            throw .badRequest("\(param()) cannot be empty.", param: param())
        }
        return text
    }

    private static func nonEmptyIDs(
        _ param: String,
        from scanner: inout RequestScanner,
        limits: RequestLimits
    ) throws(OpenAIError) -> [Int32] {
        let ids = try scanner.tokenIDs(
            param,
            maxCount: Int.max,
            vocabularySize: limits.vocabularySize
        )
        guard let ids, !ids.isEmpty else {
            throw .badRequest("\(param) cannot be empty.", param: param)
        }
        return ids
    }
}
