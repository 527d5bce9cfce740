/// A refusal or failure as a client of the OpenAI API sees it: status, kind, sentence, parameter.
///
/// The body follows vLLM's (`code` repeats the status as a number); OpenAI's own clients pick
/// their exception class by the HTTP status alone, so both worlds are served.
package struct OpenAIError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The HTTP status, also the body's `code`.
    package var status: Int
    /// The kind of error in vLLM's words, such as `BadRequestError`.
    package var type: String
    /// What was wrong, with the offending value, and what to do instead.
    package var message: String
    /// The request field at fault, such as `messages[3].content`.
    package var param: String?

    package init(status: Int, type: String, message: String, param: String? = nil) {
        self.status = status
        self.type = type
        self.message = message
        self.param = param
    }

    package var description: String { "\(status) \(type): \(message)" }
}

extension OpenAIError {
    /// A 400: the request cannot be served as it stands.
    package static func badRequest(_ message: String, param: String? = nil) -> OpenAIError {
        OpenAIError(status: 400, type: "BadRequestError", message: message, param: param)
    }

    /// A 401: no key, or a wrong one.
    package static func unauthorized(
        _ message: String = "A valid API key is needed: send it as 'Authorization: Bearer KEY'."
    ) -> OpenAIError {
        OpenAIError(status: 401, type: "AuthenticationError", message: message)
    }

    /// A 404: there is no such thing here.
    package static func notFound(_ message: String, param: String? = nil) -> OpenAIError {
        OpenAIError(status: 404, type: "NotFoundError", message: message, param: param)
    }

    /// The 404 for a model that this server does not have.
    package static func modelNotFound(_ model: String) -> OpenAIError {
        .notFound("The model `\(excerpt(model))` does not exist.", param: "model")
    }

    /// A 405: the path exists, the method does not.
    package static func methodNotAllowed(_ message: String) -> OpenAIError {
        OpenAIError(status: 405, type: "MethodNotAllowedError", message: message)
    }

    /// A 413: the body is longer than the server reads.
    package static func payloadTooLarge(_ message: String) -> OpenAIError {
        OpenAIError(status: 413, type: "PayloadTooLargeError", message: message)
    }

    /// A 500: our own fault; the message must hold nothing from inside.
    package static func internalError(_ message: String) -> OpenAIError {
        OpenAIError(status: 500, type: "InternalServerError", message: message)
    }

    /// A 503: not ready, draining, or full.
    package static func serviceUnavailable(_ message: String) -> OpenAIError {
        OpenAIError(status: 503, type: "ServiceUnavailableError", message: message)
    }

    /// The 400 for a prompt whose length alone says that it cannot fit the context.
    package static func contextLength(
        maxModelLength: Int,
        atLeast promptTokens: Int,
        param: String
    ) -> OpenAIError {
        let what = param == "messages" ? "messages" : "prompt"
        return .badRequest(
            "This model's maximum context length is \(maxModelLength) tokens. However, your "
                + "\(what) resulted in at least \(promptTokens) tokens. Please reduce the length "
                + "of the \(what).",
            param: param
        )
    }

    /// The 400 for a prompt, or a prompt and its answer, that does not fit the context.
    ///
    /// `maxTokens` is what the request asked for, if it did; `param` is the field to name.
    package static func contextLength(
        maxModelLength: Int,
        promptTokens: Int,
        maxTokens: Int?,
        param: String
    ) -> OpenAIError {
        let what = param == "messages" ? "messages" : "prompt"
        guard let maxTokens, promptTokens < maxModelLength else {
            return .badRequest(
                "This model's maximum context length is \(maxModelLength) tokens. However, your "
                    + "\(what) resulted in \(promptTokens) tokens. Please reduce the length of "
                    + "the \(what).",
                param: param
            )
        }
        let (sum, overflow) = promptTokens.addingReportingOverflow(maxTokens)
        return .badRequest(
            "This model's maximum context length is \(maxModelLength) tokens. However, you "
                + "requested \(overflow ? Int.max : sum) tokens (\(promptTokens) in the \(what), "
                + "\(maxTokens) in the completion). Please reduce the length of the \(what) or "
                + "the completion.",
            param: param
        )
    }
}

extension OpenAIError {
    /// The text cut to a length that fits in a message, for values that came from outside.
    static func excerpt(_ text: String, limit: Int = 64) -> String {
        // Scalars, not characters: one character may be a megabyte of combining marks.
        let scalars = text.unicodeScalars
        guard
            let end = scalars.index(
                scalars.startIndex,
                offsetBy: limit,
                limitedBy: scalars.endIndex
            ),
            end != scalars.endIndex
        else { return text }
        return String(scalars[..<end]) + "…"
    }
}
