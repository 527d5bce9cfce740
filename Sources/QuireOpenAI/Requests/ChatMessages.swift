import QuireJSON

/// The light checks on a conversation: shapes that a template or a normaliser would stumble over.
///
/// The messages stay trees, because templates read members that no API document lists. What a
/// role means, and which roles may follow each other, is the template's to refuse.
///
/// A parameter's path is an autoclosure all the way down: built eagerly, the paths of a two-message
/// chat cost more than scanning its body.
enum ChatMessages {
    static func check(_ messages: [JSON]?) throws(OpenAIError) -> [JSON] {
        guard let messages else {
            throw .badRequest("messages is required.", param: "messages")
        }
        guard !messages.isEmpty else {
            throw .badRequest("messages must hold at least one message.", param: "messages")
        }
        for (index, message) in messages.enumerated() {
            try check(message, "messages[\(index)]")
        }
        return messages
    }

    static func checkTools(_ tools: [JSON]) throws(OpenAIError) {
        for (index, tool) in tools.enumerated() { try checkTool(tool, "tools[\(index)]") }
    }

    private static func checkTool(
        _ tool: JSON,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        guard case .object = tool else {
            throw RequestScanner.mismatch(param(), "an object", tool.typeName)
        }
        if let type = tool["type"], type != .string("function") {
            throw .badRequest("\(param()).type must be \"function\".", param: "\(param()).type")
        }
        try checkFunction(tool["function"], "\(param()).function")
    }

    private static func check(
        _ message: JSON,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        guard case .object(let members) = message else {
            throw RequestScanner.mismatch(param(), "an object", message.typeName)
        }
        guard let role = members["role"] else {
            throw .badRequest("\(param()).role is required.", param: "\(param()).role")
        }
        guard case .string(let role) = role else {
            throw RequestScanner.mismatch("\(param()).role", "a string", role.typeName)
        }
        guard !role.isEmpty else {
            throw .badRequest("\(param()).role cannot be empty.", param: "\(param()).role")
        }
        if let name = members["name"], name.string == nil, !name.isNull {
            throw RequestScanner.mismatch("\(param()).name", "a string", name.typeName)
        }
        try checkToolCalls(members["tool_calls"], "\(param()).tool_calls")
        try checkContent(members["content"], role: role, "\(param()).content")
    }

    private static func checkContent(
        _ content: JSON?,
        role: String,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        switch content {
        case .string, .null: return
        case nil:
            // An assistant's turn may be tool calls or reasoning alone.
            guard role == "assistant" else {
                throw .badRequest("\(param()) is required.", param: param())
            }
        case .array(let parts):
            for (index, part) in parts.enumerated() { try checkPart(part, "\(param())[\(index)]") }
        case .some(let other):
            throw RequestScanner.mismatch(param(), "a string or a list of parts", other.typeName)
        }
    }

    private static func checkPart(
        _ part: JSON,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        if case .string = part { return }
        guard case .object(let members) = part else {
            throw RequestScanner.mismatch(param(), "an object", part.typeName)
        }
        guard let type = members["type"]?.string else {
            throw .badRequest(
                "\(param()).type is required and must be a string.",
                param: "\(param()).type"
            )
        }
        let key: String
        switch type {
        case "text", "input_text", "output_text": key = "text"
        case "refusal": key = "refusal"
        case "thinking": key = "thinking"
        default:
            throw .badRequest(
                "\(param()): content of type \(OpenAIError.excerpt(type)) is not supported; this model "
                    + "reads text only.",
                param: "\(param()).type"
            )
        }
        guard members[key]?.string != nil else {
            throw .badRequest(
                "\(param()).\(key) is required and must be a string.",
                param: "\(param()).\(key)"
            )
        }
    }

    private static func checkToolCalls(
        _ calls: JSON?,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        guard let calls, !calls.isNull else { return }
        guard case .array(let calls) = calls else {
            throw RequestScanner.mismatch(param(), "a list", calls.typeName)
        }
        for (index, call) in calls.enumerated() {
            try checkToolCall(call, "\(param())[\(index)]")
        }
    }

    private static func checkToolCall(
        _ call: JSON,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        guard case .object = call else {
            throw RequestScanner.mismatch(param(), "an object", call.typeName)
        }
        try checkFunction(call["function"], "\(param()).function")
        switch call["function"]?["arguments"] {
        case nil, .null, .string, .object: return
        case .some(let other):
            throw RequestScanner.mismatch(
                "\(param()).function.arguments",
                "a string of JSON",
                other.typeName
            )
        }
    }

    private static func checkFunction(
        _ function: JSON?,
        _ param: @autoclosure () -> String
    ) throws(OpenAIError) {
        guard case .object(let members) = function else {
            throw .badRequest("\(param()) is required and must be an object.", param: param())
        }
        guard let name = members["name"]?.string, !name.isEmpty else {
            throw .badRequest(
                "\(param()).name is required and must be a string.",
                param: "\(param()).name"
            )
        }
    }
}
