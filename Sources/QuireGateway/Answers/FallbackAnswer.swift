package import NIOCore
import QuireOpenAI

/// The operator's own words for when no instance can answer, in the shape that the client reads.
///
/// It looks like an answer of the model, so that a user sees a sentence instead of a failure; the
/// usage is zero. A value from the configuration.
package struct FallbackAnswer: Sendable, Hashable {
    package enum Language: String, Sendable, Hashable, CaseIterable {
        case english = "en"
        case chinese = "zh"
    }

    package enum Shape: Sendable, Hashable {
        case chat, chatStream, completion, completionStream, plain

        package var contentType: String {
            switch self {
            case .chat, .completion: "application/json"
            case .chatStream, .completionStream: "text/event-stream; charset=utf-8"
            case .plain: "text/plain; charset=utf-8"
            }
        }
    }

    package var english: String
    package var chinese: String
    /// The language of a client that names none.
    package var standard: Language

    package init(
        english: String = "The service is busy at the moment. Please try again in a little while.",
        chinese: String = "服务繁忙，请稍后再试。",
        standard: Language = .english
    ) {
        self.english = english
        self.chinese = chinese
        self.standard = standard
    }

    /// The text for a client by its `Accept-Language`: the first of the two languages that it names.
    package func text(acceptLanguage: String?) -> String {
        for tag in (acceptLanguage ?? "").split(separator: ",", maxSplits: 16) {
            let name = tag.drop { $0 == " " }.prefix(2).lowercased()
            if let language = Language(rawValue: name) { return text(language) }
        }
        return text(standard)
    }

    private func text(_ language: Language) -> String {
        language == .english ? english : chinese
    }

    /// Writes the body of an answer with this text.
    ///
    /// - Parameters:
    ///   - text: From ``text(acceptLanguage:)``.
    ///   - shape: What the client reads.
    ///   - id: The answer's id, with its prefix.
    ///   - created: Seconds since 1970.
    ///   - model: The model as the client asked for it.
    ///   - includeUsage: Whether a stream ends with the usage chunk.
    ///   - buffer: Where it is written.
    package static func write(
        _ text: String,
        as shape: Shape,
        id: String,
        created: Int,
        model: String,
        includeUsage: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        let usage = Usage(promptTokens: 0, completionTokens: 0)
        let content = Array(text.utf8)
        switch shape {
        case .plain: buffer.writeString(text)
        case .chat:
            let choice = ChatCompletionResponse.Choice(
                index: 0,
                content: content,
                finish: Finish(.stop)
            )
            ChatCompletionResponse(
                id: id,
                created: created,
                model: model,
                choices: [choice],
                usage: usage
            ).write(into: &buffer)
        case .completion:
            let choice = CompletionResponse.Choice(
                index: 0,
                text: content,
                finish: Finish(.stop)
            )
            CompletionResponse(
                id: id,
                created: created,
                model: model,
                choices: [choice],
                usage: usage
            ).write(into: &buffer)
        case .chatStream, .completionStream:
            let kind = shape == .chatStream ? StreamEncoder.Kind.chat : .completion
            let encoder = StreamEncoder(kind, id: id, created: created, model: model)
            if kind == .chat { encoder.writeRole(choice: 0, into: &buffer) }
            encoder.writeDelta(choice: 0, text: content.span, into: &buffer)
            var end = ChunkDetails()
            end.finish = Finish(.stop)
            encoder.writeChunk(choice: 0, text: [UInt8]().span, end, into: &buffer)
            if includeUsage { encoder.writeUsage(usage, into: &buffer) }
            StreamEncoder.writeDone(into: &buffer)
        }
    }
}
