import QuireClient
import QuireJSON
import QuireServer

/// What is printed when a server is ready: its URL, and a line to paste that works.
struct ReadyMessage {
    var host: String
    var port: Int
    var model: String
    var hasTemplate: Bool
    var hasTokenizer: Bool
    var needsKey: Bool
    /// The variable that holds the key: the environment's own unless a flag gave the key.
    var keyVariable = "VLLM_API_KEY"

    init(_ server: LocalServer, host: String) {
        self.host = host
        port = server.port
        model = server.model.names[0]
        hasTemplate = server.model.template != nil
        hasTokenizer = server.model.tokenizer != nil
        needsKey = server.needsKey
    }

    /// The server's address as seen from this machine.
    var url: String {
        let isAny = ["", "0.0.0.0", "::"].contains(host)
        let name = isAny ? "127.0.0.1" : host
        return "http://\(name.utf8.contains(0x3A) ? "[\(name)]" : name):\(port)"
    }

    /// A curl command for the endpoint that this model can serve; the question is asked where it
    /// takes chats.
    func curl(asking question: String = "Tell me a story") -> String {
        let path = hasTemplate ? "/v1/chat/completions" : "/v1/completions"
        var words = ["curl", "-N", Self.quoted(url + path)]
        words += ["-H", Self.quoted("Content-Type: application/json")]
        // The key itself would end up in whatever keeps this output.
        if needsKey { words += ["-H", "\"Authorization: Bearer $\(keyVariable)\""] }
        words += [
            "-d",
            Self.quoted("{\"model\": \(JSON.string(model).compactText), \(members(question))}"),
        ]
        return words.joined(separator: " ")
    }

    private func members(_ question: String) -> String {
        if !hasTokenizer {
            return #""prompt": [1], "max_tokens": 16, "return_token_ids": true"#
        }
        if hasTemplate {
            let content = JSON.string(question).compactText
            return
                #""messages": [{"role": "user", "content": \#(content)}], "max_tokens": 64, "stream": true"#
        }
        return
            #""prompt": "Once upon a time", "max_tokens": 64, "temperature": 0, "stream": true"#
    }

    /// The text as one word of a POSIX shell.
    private static func quoted(_ text: String) -> String {
        let parts = text.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + parts.joined(separator: "'\\''") + "'"
    }
}
