package import QuireJSON

/// What has been said, and how answers are asked for: what `/save` writes and `/load` reads.
package struct Conversation: Sendable, Hashable {
    package var system: String?
    /// Messages of user and assistant, in turn.
    package private(set) var messages: [JSON] = []
    /// Members of each request's body, such as temperature.
    package var parameters = JSONObject()

    package init() {}

    /// What the chat endpoint is sent.
    package var requestMessages: [JSON] {
        (system.map { [.message(role: "system", $0)] } ?? []) + messages
    }

    package mutating func add(user text: String) {
        messages.append(.message(role: "user", text))
    }

    package mutating func add(assistant text: String) {
        messages.append(.message(role: "assistant", text))
    }

    /// Takes back a question that got no answer.
    package mutating func removeLast() {
        if !messages.isEmpty { messages.removeLast() }
    }

    package mutating func removeMessages() { messages = [] }

    // MARK: - Files

    package var json: JSON {
        .object([
            "system": system.map { .string($0) } ?? .null,
            "parameters": .object(parameters),
            "messages": .array(messages),
        ])
    }

    /// Reads what `json` wrote; nil if it is anything else.
    package init?(_ json: JSON) {
        guard let messages = json["messages"]?.array else { return nil }
        for message in messages {
            guard message["role"]?.string != nil, message["content"] != nil else { return nil }
        }
        self.messages = messages
        system = json["system"]?.string
        parameters = json["parameters"]?.object ?? JSONObject()
    }
}
