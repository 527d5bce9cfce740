package import QuireJSON

/// What a chat template is rendered with, validated: shared by chat completions and `/tokenize`.
package struct ChatFields: Sendable, Hashable {
    /// At least one object, each with a string `role`; content is a string, null, absent or a
    /// list of text parts.
    package internal(set) var messages: [JSON] = []
    /// Function tools for the template; empty if there are none.
    package internal(set) var tools: [JSON] = []
    /// Documents for retrieval templates.
    package internal(set) var documents: [JSON]?
    /// A template of the client's own, in place of the model's.
    package internal(set) var chatTemplate: String?
    /// Further variables of the template; holds none that the server itself sets.
    package internal(set) var chatTemplateArguments = JSONObject()
    package internal(set) var reasoningEffort: String?
    /// Never true together with ``continueFinalMessage``.
    package internal(set) var addGenerationPrompt = true
    /// The last message is left open, so that the model goes on with it.
    package internal(set) var continueFinalMessage = false

    init() {}
}

/// The chat fields as they were read, before the checks that need the whole body.
struct ChatFieldScan {
    var messages: [JSON]?
    var tools: [JSON]?
    var documents: [JSON]?
    var chatTemplate: String?
    var chatTemplateArguments: JSONObject?
    var reasoningEffort: String?
    var addGenerationPrompt: Bool?
    var continueFinalMessage: Bool?

    /// Reads the field if it is one of these; otherwise reads nothing and returns `false`.
    mutating func take(
        _ field: String,
        from scanner: inout RequestScanner
    ) throws(OpenAIError) -> Bool {
        switch field {
        case "messages": messages = try scanner.list(field)
        case "tools": tools = try scanner.list(field)
        case "documents": documents = try scanner.list(field)
        case "chat_template": chatTemplate = try scanner.string(field)
        case "chat_template_kwargs": chatTemplateArguments = try scanner.object(field)
        case "reasoning_effort": reasoningEffort = try scanner.string(field)
        case "add_generation_prompt": addGenerationPrompt = try scanner.bool(field)
        case "continue_final_message": continueFinalMessage = try scanner.bool(field)
        default: return false
        }
        return true
    }

    func chatFields() throws(OpenAIError) -> ChatFields {
        var fields = ChatFields()
        fields.messages = try ChatMessages.check(messages)
        fields.tools = tools ?? []
        try ChatMessages.checkTools(fields.tools)
        for (index, document) in (documents ?? []).enumerated() where document.object == nil {
            throw RequestScanner.mismatch("documents[\(index)]", "an object", document.typeName)
        }
        fields.documents = documents
        fields.chatTemplate = chatTemplate
        fields.chatTemplateArguments = try checkedArguments()
        if let reasoningEffort, !Self.reasoningEfforts.contains(reasoningEffort) {
            throw .badRequest(
                "reasoning_effort must be one of \(Self.reasoningEfforts.joined(separator: ", ")), "
                    + "got \(OpenAIError.excerpt(reasoningEffort)).",
                param: "reasoning_effort"
            )
        }
        fields.reasoningEffort = reasoningEffort
        fields.continueFinalMessage = continueFinalMessage ?? false
        if fields.continueFinalMessage, addGenerationPrompt == true {
            throw .badRequest(
                "continue_final_message and add_generation_prompt cannot both be true.",
                param: "continue_final_message"
            )
        }
        fields.addGenerationPrompt = addGenerationPrompt ?? !fields.continueFinalMessage
        return fields
    }

    private static let reasoningEfforts = ["none", "minimal", "low", "medium", "high", "xhigh"]

    /// Names that a client may not set through `chat_template_kwargs`: they have fields of their
    /// own, or are the server's.
    private static let reservedArguments: Set<String> = [
        "chat_template", "tokenize", "messages", "conversation", "tools", "documents",
        "add_generation_prompt", "continue_final_message",
    ]

    private func checkedArguments() throws(OpenAIError) -> JSONObject {
        guard let arguments = chatTemplateArguments else { return JSONObject() }
        for member in arguments.members where Self.reservedArguments.contains(member.key) {
            throw .badRequest(
                "chat_template_kwargs cannot hold \(member.key); use the request's own field.",
                param: "chat_template_kwargs.\(member.key)"
            )
        }
        return arguments
    }
}
