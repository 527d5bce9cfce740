import QuireJSON
import QuireOpenAI

/// Brings messages into the shape that chat templates are written for.
///
/// Text parts become one string, a missing content the empty one, and the arguments of tool calls,
/// which the API has as a string of JSON, the object that templates walk through. This is what
/// vLLM does before it renders; everything else in a message stays as the client wrote it.
enum MessageNormalizer {
    static func normalize(_ messages: [JSON]) throws(OpenAIError) -> [JSON] {
        var result: [JSON] = []
        result.reserveCapacity(messages.count)
        for (index, message) in messages.enumerated() {
            guard case .object(var members) = message else { continue }
            members["content"] = .string(text(of: members["content"]))
            if let calls = members["tool_calls"]?.array {
                members["tool_calls"] = .array(try parsed(calls, message: index))
            }
            // Two names of one field: templates of both ages look.
            if let reasoning = members["reasoning"] ?? members["reasoning_content"] {
                members["reasoning"] = reasoning
                members["reasoning_content"] = reasoning
            }
            result.append(.object(members))
        }
        return result
    }

    /// The text of a content: a string, or parts of which each has one, a line each.
    static func text(of content: JSON?) -> String {
        switch content {
        case .string(let text)?: text
        case .array(let parts)?: parts.compactMap { partText($0) }.joined(separator: "\n")
        default: ""
        }
    }

    private static func partText(_ part: JSON) -> String? {
        part.string ?? part["text"]?.string ?? part["refusal"]?.string ?? part["thinking"]?.string
    }

    private static func parsed(_ calls: [JSON], message: Int) throws(OpenAIError) -> [JSON] {
        var result: [JSON] = []
        for (index, call) in calls.enumerated() {
            guard case .object(var members) = call,
                case .object(var function)? = members["function"]
            else { continue }
            let param = "messages[\(message)].tool_calls[\(index)].function.arguments"
            function["arguments"] = try parsedArguments(function["arguments"], param: param)
            members["function"] = .object(function)
            result.append(.object(members))
        }
        return result
    }

    private static func parsedArguments(
        _ arguments: JSON?,
        param: String
    ) throws(OpenAIError) -> JSON {
        guard let text = arguments?.string else {
            return arguments?.object.map { .object($0) } ?? .object(JSONObject())
        }
        if text.isEmpty { return .object(JSONObject()) }
        do throws(JSONError) {
            return try JSON(parsing: text, maxDepth: 64)
        } catch {
            throw .badRequest("\(param) must be a string of JSON: \(error).", param: param)
        }
    }
}
