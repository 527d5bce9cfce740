import QuireJSON

/// Reads prompts from a file of JSON lines.
///
/// A line is `{"prompt": "…"}` as vLLM's custom dataset has it, or a conversation,
/// `{"messages": [{"role": …, "content": …}, …]}`, or ShareGPT's `{"conversations": [{"from":
/// "human", "value": …}, …]}`. `output_tokens` of a line goes before the default. Turns of the
/// assistant at the end are dropped, since they are what is asked for.
package enum ConversationFile {
    package struct Fault: Error, CustomStringConvertible, Sendable, Hashable {
        package let line: Int
        package let reason: String

        package var description: String { "line \(line): \(reason)" }
    }

    /// The requests of a file, repeated from the start until there are `count`.
    package static func requests(
        _ content: [UInt8],
        count: Int,
        outputLength: Int?,
        ignoresEnd: Bool
    ) throws(Fault) -> [GenerationRequest] {
        var read: [GenerationRequest] = []
        let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            guard read.count < count else { break }
            let json: JSON
            do throws(JSONError) {
                json = try JSON(parsing: Array(line))
            } catch {
                throw Fault(line: index + 1, reason: "\(error)")
            }
            guard let prompt = prompt(json) else {
                throw Fault(
                    line: index + 1,
                    reason: "expected \"prompt\", \"messages\" or \"conversations\""
                )
            }
            read.append(
                GenerationRequest(
                    prompt: prompt,
                    maxTokens: json["output_tokens"]?.int ?? outputLength,
                    ignoresEnd: ignoresEnd
                )
            )
        }
        guard !read.isEmpty else { throw Fault(line: 1, reason: "the file has no prompt") }
        return (0..<max(0, count)).map { read[$0 % read.count] }
    }

    private static func prompt(_ json: JSON) -> GenerationRequest.Prompt? {
        if let text = json["prompt"]?.string { return .text(text) }
        let turns = json["messages"]?.array ?? json["conversations"]?.array ?? []
        var messages: [JSON] = []
        for turn in turns {
            guard let message = message(turn) else { return nil }
            messages.append(message)
        }
        while messages.last?["role"]?.string == "assistant" { messages.removeLast() }
        return messages.isEmpty ? nil : .messages(messages)
    }

    private static func message(_ turn: JSON) -> JSON? {
        if turn["role"]?.string != nil { return turn }
        guard let from = turn["from"]?.string, let value = turn["value"] else { return nil }
        let role =
            switch from {
            case "human", "user": "user"
            case "gpt", "assistant": "assistant"
            default: from
            }
        return .object(["role": .string(role), "content": value])
    }
}
