package import QuireJSON

/// What a chat template is rendered with.
package struct ChatTemplateInput: Sendable {
    /// The conversation, each message an object.
    package var messages: [JSON]
    /// The tools that may be called; the template sees None if there are none.
    package var tools: [JSON]
    package var documents: [JSON]?
    /// Whether the text ends where the assistant's turn begins.
    package var addGenerationPrompt: Bool
    /// Whether the text ends within the last message, so that the model goes on writing it.
    package var continueFinalMessage: Bool
    /// Further variables (`chat_template_kwargs`); they win over the special tokens.
    package var arguments: JSONObject
    /// `bos_token` and the like; a null one is not defined, as in transformers.
    package var specialTokens: JSONObject
    /// What `strftime_now` prints.
    package var now: TemplateTime

    package init(
        messages: [JSON],
        tools: [JSON] = [],
        documents: [JSON]? = nil,
        addGenerationPrompt: Bool = true,
        continueFinalMessage: Bool = false,
        arguments: JSONObject = [:],
        specialTokens: JSONObject = [:],
        now: TemplateTime = TemplateTime()
    ) {
        self.messages = messages
        self.tools = tools
        self.documents = documents
        self.addGenerationPrompt = addGenerationPrompt
        self.continueFinalMessage = continueFinalMessage
        self.arguments = arguments
        self.specialTokens = specialTokens
        self.now = now
    }
}
