package import QuireJSON

/// Brings messages as clients send them into the shape that templates are written for, as vLLM does:
/// content in the template's format, no null content, tool call arguments as objects.
///
/// A pure function of the messages; runs on a preprocess thread.
package struct MessageNormalizer: Sendable {
    private let contentFormat: ContentFormat

    package init(contentFormat: ContentFormat) { self.contentFormat = contentFormat }

    package func normalized(_ messages: [JSON]) throws(TemplateError) -> [JSON] {
        var result: [JSON] = []
        result.reserveCapacity(messages.count)
        for (index, message) in messages.enumerated() {
            guard case .object(let object) = message else {
                throw .refused("messages[\(index)] must be an object, not \(message.typeName)")
            }
            result.append(.object(try normalized(object, index: index)))
        }
        return result
    }

    private func normalized(
        _ message: JSONObject,
        index: Int
    ) throws(TemplateError) -> JSONObject {
        var result = message
        result["content"] = try content(
            message["content"] ?? .null,
            isTool: message["role"]?.string == "tool",
            index: index
        )
        switch message["tool_calls"] {
        case nil: break
        case .null?: result["tool_calls"] = nil
        case .array(let calls)?: result["tool_calls"] = .array(calls.map(Self.withParsedArguments))
        case let other?:
            throw .refused("messages[\(index)].tool_calls must be an array, not \(other.typeName)")
        }
        return result
    }

    // MARK: Content

    /// Tool results are texts in both formats: most templates print them as they are.
    private func content(
        _ content: JSON,
        isTool: Bool,
        index: Int
    ) throws(TemplateError) -> JSON {
        let texts: [String]
        switch content {
        case .null: texts = []
        case .string(let text): texts = [text]
        case .array(let parts): texts = try self.texts(of: parts, index: index)
        default:
            throw .refused(
                "messages[\(index)].content must be a string or an array of parts, "
                    + "not \(content.typeName)"
            )
        }
        if contentFormat == .string || isTool { return .string(texts.joined(separator: "\n")) }
        return .array(texts.map { .object(["type": .string("text"), "text": .string($0)]) })
    }

    private func texts(of parts: [JSON], index: Int) throws(TemplateError) -> [String] {
        var texts: [String] = []
        for (partIndex, part) in parts.enumerated() {
            let place = "messages[\(index)].content[\(partIndex)]"
            if case .string(let text) = part {
                texts.append(text)
                continue
            }
            guard let type = part["type"]?.string else {
                throw .refused("\(place) must be an object with a 'type'")
            }
            switch type {
            case "text", "input_text", "output_text", "refusal", "thinking":
                let key = type == "refusal" || type == "thinking" ? type : "text"
                switch part[key] {
                case .string(let text)?: texts.append(text)
                case nil, .null?: break
                default: throw .refused("\(place).\(key) must be a string")
                }
            default:
                throw .refused(
                    "\(place) has the type '\(type)', but this model takes only text"
                )
            }
        }
        return texts
    }

    // MARK: Tool calls

    /// `function.arguments` is an object in the result if it is the text of one.
    private static func withParsedArguments(_ call: JSON) -> JSON {
        guard case .object(var call) = call, case .object(var function)? = call["function"] else {
            return call
        }
        switch function["arguments"] {
        case .string(let text)?:
            if let object = object(parsing: text) { function["arguments"] = .object(object) }
        case nil, .null?: function["arguments"] = .object([:])
        default: break
        }
        call["function"] = .object(function)
        return .object(call)
    }

    /// The object that the text spells; an empty text is an empty one.
    ///
    /// What the model wrote may be no JSON at all and then stays as it is.
    private static func object(parsing text: String) -> JSONObject? {
        guard !text.utf8.isEmpty else { return [:] }
        do {
            return try JSON(parsing: text, maxDepth: 100).object
        } catch {
            return nil
        }
    }
}
