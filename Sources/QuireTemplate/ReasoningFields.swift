import QuireJSON

/// The names under which clients send an assistant's reasoning.
///
/// Templates read one of the first two, so whatever the client chose is given to the template under
/// both, as transformers 5 does.
enum ReasoningFields {
    private static let names = ["reasoning_content", "thinking", "reasoning"]

    /// The message with its reasoning under the names that templates read.
    static func aliased(_ message: JSON) -> JSON {
        guard case .object(let object) = message else { return message }
        let reasoning = names.lazy.compactMap { object[$0] }.first { !$0.isNull }
        guard let reasoning else { return message }
        var result = JSONObject()
        if object["thinking"] == nil { result["thinking"] = reasoning }
        for member in object.members { result[member.key] = member.value }
        result["reasoning_content"] = reasoning
        return .object(result)
    }
}
