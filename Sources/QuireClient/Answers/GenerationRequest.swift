package import NIOCore
package import QuireHTTP
package import QuireJSON

/// What is asked of a server, before it is one of the two endpoints' JSON.
package struct GenerationRequest: Sendable {
    package enum Prompt: Sendable, Hashable {
        case tokens([Int32])
        case text(String)
        /// Messages as the chat endpoint takes them.
        case messages([JSON])
    }

    package var prompt: Prompt
    package var maxTokens: Int?
    package var ignoresEnd: Bool
    /// Tokens of the prompt as planned; the server's own count goes before it.
    package var promptTokenCount: Int

    package init(
        prompt: Prompt,
        maxTokens: Int? = nil,
        ignoresEnd: Bool = false,
        promptTokenCount: Int = 0
    ) {
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.ignoresEnd = ignoresEnd
        self.promptTokenCount = promptTokenCount
    }
}

/// Where requests go and what all of them share.
package struct GenerationTarget: Sendable {
    package var address: ServerAddress
    /// The path after the address's prefix.
    package var path: String
    package var model: String
    /// Further header fields, the key among them.
    package var headers: [(name: String, value: String)]
    /// Further members of each body; they replace those of the same name.
    package var extraBody: JSONObject

    package init(
        address: ServerAddress,
        path: String,
        model: String,
        headers: [(name: String, value: String)] = [],
        extraBody: JSONObject = JSONObject()
    ) {
        self.address = address
        self.path = path
        self.model = model
        self.headers = headers
        self.extraBody = extraBody
    }

    /// Whether the path is the chat endpoint's.
    package var isChat: Bool { path.hasSuffix("chat/completions") }

    /// The whole request as bytes: a streamed answer, its usage included.
    package func bytes(of request: GenerationRequest) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeJSON(.object(members(of: request)))
        return address.request("POST", path, headers: headers, body: body)
    }

    private func members(of request: GenerationRequest) -> JSONObject {
        var members: JSONObject = ["model": .string(model)]
        switch request.prompt {
        case .tokens(let tokens): members["prompt"] = .array(tokens.map { .int(Int($0)) })
        case .text(let text) where isChat:
            members["messages"] = .array([.message(role: "user", text)])
        case .text(let text): members["prompt"] = .string(text)
        case .messages(let messages): members["messages"] = .array(messages)
        }
        if let maxTokens = request.maxTokens {
            members[isChat ? "max_completion_tokens" : "max_tokens"] = .int(maxTokens)
        }
        if request.ignoresEnd { members["ignore_eos"] = .bool(true) }
        members["stream"] = .bool(true)
        members["stream_options"] = .object(["include_usage": .bool(true)])
        for member in extraBody.members { members[member.key] = member.value }
        return members
    }
}

extension ServerAddress {
    /// A whole request; a body is announced by its length and as JSON.
    package func request(
        _ method: String,
        _ path: String,
        headers: [(name: String, value: String)] = [],
        body: ByteBuffer? = nil
    ) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeRequestLine(method, target: prefix + path)
        bytes.writeField("host", authority)
        bytes.writeField("user-agent", "quire")
        if let body {
            bytes.writeField("content-type", "application/json")
            bytes.writeContentLength(body.readableBytes)
        }
        for (name, value) in headers { bytes.writeField(name, value) }
        bytes.writeHeadEnd()
        if let body { bytes.writeImmutableBuffer(body) }
        return bytes
    }
}

extension JSON {
    /// A message as the chat endpoint takes it.
    package static func message(role: String, _ content: String) -> JSON {
        .object(["role": .string(role), "content": .string(content)])
    }
}
