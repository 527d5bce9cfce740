import QuireJSON

/// `continue_final_message`: finds where the last message ends in the rendered text.
///
/// A marker is appended to the message before rendering, and the text is cut there afterwards, as
/// transformers does.
struct FinalMessageMarker {
    private static let marker = "CONTINUE_FINAL_MESSAGE_TAG "

    /// The last message's text as it was.
    private let content: String

    init(marking messages: inout [JSON]) throws(TemplateError) {
        guard case .object(var message)? = messages.last else {
            throw .failed("continue_final_message is set but there is no message", line: 0)
        }
        switch message["content"] {
        case .string(let text)?:
            content = text
            message["content"] = .string(text + Self.marker)
        case .array(var parts)?:
            let index = parts.lastIndex { $0["text"] != nil }
            guard let index, case .object(var part) = parts[index], let text = part["text"]?.string
            else { throw Self.noText }
            content = text
            part["text"] = .string(text + Self.marker)
            parts[index] = .object(part)
            message["content"] = .array(parts)
        default: throw Self.noText
        }
        messages[messages.count - 1] = .object(message)
    }

    private static let noText = TemplateError.failed(
        "continue_final_message is set but the final message has no text to continue",
        line: 0
    )

    /// The text up to the end of the last message.
    func cut(_ rendered: String) throws(TemplateError) -> String {
        let bare = Self.marker.stripped(nil)
        guard rendered.containsText(content.stripped(nil)),
            let offset = rendered.lastOffset(of: bare, in: 0..<rendered.utf8.count)
        else {
            throw .failed(
                "continue_final_message is set but the final message does not appear in the chat "
                    + "after applying the chat template",
                line: 0
            )
        }
        let text = rendered.slice(0..<offset)
        // If the template trimmed the message, the marker's own space is gone: then so is the
        // message's.
        let rest = rendered.slice(offset..<rendered.utf8.count)
        return rest.hasAffix(Self.marker, atEnd: false) ? text : text.stripped(nil, leading: false)
    }
}
