import QuireJSON
import QuireTestSupport
import Testing

/// A streamed answer as a client puts it together again.
struct StreamedAnswer {
    /// Text of each choice, by index.
    var texts: [Int: String] = [:]
    var finishReasons: [Int: String] = [:]
    var tokenIDs: [Int: [Int]] = [:]
    var usage: JSON?
    var error: JSON?
    /// Everything but `[DONE]`.
    var chunks: [JSON] = []
    var endsWithDone = false

    init(_ response: HTTPTestResponse) throws {
        #expect(response["content-type"] == "text/event-stream; charset=utf-8")
        for event in response.events {
            #expect(!endsWithDone, "nothing follows [DONE]")
            if event == "[DONE]" {
                endsWithDone = true
                continue
            }
            let chunk = try JSON(parsing: event)
            chunks.append(chunk)
            if let usage = chunk["usage"], !usage.isNull { self.usage = usage }
            if let error = chunk["error"] { self.error = error }
            for choice in chunk["choices"]?.array ?? [] { take(choice) }
        }
    }

    private mutating func take(_ choice: JSON) {
        let index = choice["index"]?.int ?? -1
        let text = choice["text"]?.string ?? choice["delta"]?["content"]?.string ?? ""
        texts[index, default: ""] += text
        tokenIDs[index, default: []] += (choice["token_ids"]?.array ?? []).compactMap(\.int)
        if let reason = choice["finish_reason"]?.string {
            #expect(finishReasons[index] == nil, "a choice finishes once")
            finishReasons[index] = reason
        }
    }
}

extension JSON {
    /// The first choice of a whole answer.
    var firstChoice: JSON? { self["choices"]?.array?.first }
    /// The text of the first choice, of either endpoint.
    var firstText: String? {
        firstChoice?["text"]?.string ?? firstChoice?["message"]?["content"]?.string
    }
}
