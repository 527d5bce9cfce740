package import QuireJSON

/// What one event of a stream, or a whole answer, says: the fields that clients here use.
///
/// Reads both endpoints' shapes, and the errors that servers put in place of an event.
package struct AnswerEvent: Sendable, Hashable {
    package var hasChoice = false
    /// New text of the first choice: `text`, `delta.content` or `message.content`.
    package var content = ""
    package var reasoning = ""
    package var hasToolCalls = false
    package var finishReason: String?
    package var promptTokenCount: Int?
    package var completionTokenCount: Int?
    package var error: String?

    /// Reads the JSON text of an event's data.
    package init(parsing data: Span<UInt8>) throws(JSONError) {
        var reader = JSONReader(data)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "choices": try readChoices(&reader)
            case "usage": try readUsage(&reader)
            case "error": error = try Self.errorText(reader.readValue())
            default: try reader.skipValue()
            }
        }
        try reader.finish()
    }

    /// The sentence of an error body, whichever of the usual shapes it has; nil if it has none.
    package static func errorMessage(in body: [UInt8]) -> String? {
        guard let json = try? JSON(parsing: body) else { return nil }
        return json["error"].flatMap(errorText) ?? json["message"]?.string ?? json["detail"]?.string
    }

    private static func errorText(_ json: JSON) -> String? {
        if json.isNull { return nil }
        return json.string ?? json["message"]?.string ?? json.text
    }

    private mutating func readChoices(_ reader: inout JSONReader) throws(JSONError) {
        if try reader.readNullIfPresent() { return }
        try reader.beginArray()
        while try reader.nextElement() {
            guard !hasChoice else {
                try reader.skipValue()
                continue
            }
            hasChoice = true
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "text": content = try Self.optionalString(&reader) ?? ""
                case "delta", "message": try readMessage(&reader)
                case "finish_reason": finishReason = try Self.optionalString(&reader)
                default: try reader.skipValue()
                }
            }
        }
    }

    private mutating func readMessage(_ reader: inout JSONReader) throws(JSONError) {
        if try reader.readNullIfPresent() { return }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "content": content = try Self.optionalString(&reader) ?? ""
            case "reasoning_content", "reasoning":
                reasoning = try Self.optionalString(&reader) ?? reasoning
            case "tool_calls":
                if case .array(let calls) = try reader.readValue() { hasToolCalls = !calls.isEmpty }
            default: try reader.skipValue()
            }
        }
    }

    private mutating func readUsage(_ reader: inout JSONReader) throws(JSONError) {
        if try reader.readNullIfPresent() { return }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "prompt_tokens": promptTokenCount = try reader.readValue().int
            case "completion_tokens": completionTokenCount = try reader.readValue().int
            default: try reader.skipValue()
            }
        }
    }

    private static func optionalString(_ reader: inout JSONReader) throws(JSONError) -> String? {
        try reader.readNullIfPresent() ? nil : try reader.readString()
    }
}
