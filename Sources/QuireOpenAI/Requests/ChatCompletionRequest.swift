package import NIOCore
import QuireJSON

/// A `POST /v1/chat/completions` body, read in one pass and validated: whoever holds one has
/// nothing left to check but what needs the tokenizer, the template or the context length.
package struct ChatCompletionRequest: Sendable, Hashable {
    /// Whether the model may call tools.
    ///
    /// Forced and named calls need constrained output and are refused.
    package enum ToolChoice: Sendable, Hashable {
        case none, auto
    }

    /// `nil` means the server's own model.
    package let model: String?
    package let chat: ChatFields
    package let sampling: SamplingFields
    package let options: RequestOptions
    package let toolChoice: ToolChoice
    /// Names that no table knows, cut and bounded, for one line in the log.
    package let unknownFields: [String]

    /// Parses and validates a body.
    package init(parsing body: ByteBuffer, limits: RequestLimits) throws(OpenAIError) {
        try self.init(parsing: body.readableBytesUInt8Span, limits: limits)
    }

    /// Parses and validates a body.
    package init(parsing body: Span<UInt8>, limits: RequestLimits) throws(OpenAIError) {
        var scanner = RequestScanner(body, limits: limits)
        var common = CommonFieldScan(.chat, limits: limits)
        var chat = ChatFieldScan()
        var leftovers = FieldLeftovers()
        var toolChoice: JSON?

        try scanner.beginBody()
        while let field = try scanner.nextField() {
            if try chat.take(field, from: &scanner) { continue }
            if try common.take(field, from: &scanner) { continue }
            switch field {
            case "top_logprobs": common.topLogprobs = try scanner.integer(field)
            case "tool_choice": toolChoice = try scanner.tree(field)
            default: try leftovers.take(field, from: &scanner, limits: limits)
            }
        }
        try scanner.finish()

        try leftovers.check()
        self.model = try common.modelName()
        self.chat = try chat.chatFields()
        self.sampling = try common.samplingFields()
        self.options = try common.requestOptions()
        self.toolChoice = try Self.checked(toolChoice, tools: chat.tools)
        self.unknownFields = leftovers.unknownFields
    }

    private static func checked(
        _ choice: JSON?,
        tools: [JSON]?
    ) throws(OpenAIError) -> ToolChoice {
        let hasTools = tools?.isEmpty == false
        switch choice {
        case nil: return hasTools ? .auto : .none
        case .string("none"): return .none
        case .string("auto"):
            guard tools != nil else {
                throw .badRequest(
                    "When using tool_choice, tools must be set.",
                    param: "tool_choice"
                )
            }
            return hasTools ? .auto : .none
        case .string("required") where tools?.isEmpty == true: return .none
        case .string("required"), .object:
            throw .badRequest(
                "tool_choice that forces a call (\"required\" or a named tool) is not supported yet; "
                    + "use \"auto\" or \"none\".",
                param: "tool_choice"
            )
        case .some(let other):
            throw .badRequest(
                "tool_choice must be \"none\" or \"auto\", got "
                    + "\(other.string.map { OpenAIError.excerpt($0) } ?? other.typeName).",
                param: "tool_choice"
            )
        }
    }
}
