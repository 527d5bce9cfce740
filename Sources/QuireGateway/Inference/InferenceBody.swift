import NIOCore
import QuireJSON
import QuireOpenAI

/// What a client of the plain routes asks.
///
/// That is `{"message": …}` or `{"messages": […]}`, and a `model` if it wants one. Other members are passed over, as the servers do that these routes replace.
struct InferenceBody {
    var model: String?
    var messages: [String] = []

    /// Reads the body of `/inference` and `/inference/stream`.
    static func single(_ body: ByteBuffer) throws(OpenAIError) -> InferenceBody {
        try read(body) { (reader, key, found) throws(JSONError) in
            guard key == "message" else { return nil }
            guard try reader.peekKind() == .string else {
                return .badRequest("message must be a string.", param: "message")
            }
            found = [try reader.readString()]
            return nil
        } missing: {
            .badRequest("message is missing: send {\"message\": \"…\"}.", param: "message")
        }
    }

    /// Reads the body of `/inference/batch`.
    static func batch(_ body: ByteBuffer, countMax: Int) throws(OpenAIError) -> InferenceBody {
        try read(body) { (reader, key, found) throws(JSONError) in
            guard key == "messages" else { return nil }
            guard try reader.peekKind() == .array else {
                return .badRequest("messages must be a list of strings.", param: "messages")
            }
            var texts: [String] = []
            try reader.beginArray()
            while try reader.nextElement() {
                let place = "messages[\(texts.count)]"
                guard try reader.peekKind() == .string else {
                    return .badRequest("\(place) must be a string.", param: place)
                }
                guard texts.count < countMax else {
                    return .badRequest(
                        "messages may hold at most \(countMax) strings.",
                        param: "messages"
                    )
                }
                texts.append(try reader.readString())
            }
            found = texts
            return nil
        } missing: {
            .badRequest("messages is missing: send {\"messages\": [\"…\"]}.", param: "messages")
        }
    }

    /// Walks the members; `member` reads its own, and leaves every other unread.
    private static func read(
        _ body: ByteBuffer,
        member: (inout JSONReader, String, inout [String]?) throws(JSONError) -> OpenAIError?,
        missing: () -> OpenAIError
    ) throws(OpenAIError) -> InferenceBody {
        var result = InferenceBody()
        var found: [String]?
        var refusal: OpenAIError?
        do throws(JSONError) {
            var reader = JSONReader(body.readableBytesUInt8Span, maxDepth: 64)
            if try reader.peekKind() == .object {
                try reader.beginObject()
                while refusal == nil, let key = try reader.nextKey() {
                    let start = reader.offset
                    if key == "model", try reader.peekKind() == .string {
                        result.model = try reader.readString()
                        continue
                    }
                    refusal = try member(&reader, key, &found)
                    if refusal == nil, reader.offset == start { try reader.skipValue() }
                }
                if refusal == nil { try reader.finish() }
            } else {
                refusal = .badRequest("The request body must be a JSON object.")
            }
        } catch {
            refusal = .badRequest(
                "The request body is not valid JSON: \(error.message), at byte \(error.offset)."
            )
        }
        if let refusal { throw refusal }
        guard let found else { throw missing() }
        result.messages = found
        return result
    }

    /// The chat completion request for one of the messages.
    static func chat(_ message: String, model: String?, streams: Bool) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeStaticString("{")
        if let model {
            body.writeStaticString(#""model":"#)
            body.writeJSONString(model)
            body.writeStaticString(",")
        }
        body.writeStaticString(#""messages":[{"role":"user","content":"#)
        body.writeJSONString(message)
        body.writeStaticString("}]")
        if streams { body.writeStaticString(#","stream":true"#) }
        body.writeStaticString("}")
        return body
    }
}
