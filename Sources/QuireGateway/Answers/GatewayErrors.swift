package import NIOCore
package import QuireOpenAI

/// The gateway's own failures in OpenAI's shape; nothing in them names an upstream's address.
extension OpenAIError {
    /// A 502: an upstream broke off or answered nonsense, and it cannot be tried elsewhere.
    package static func badGateway(_ message: String) -> OpenAIError {
        OpenAIError(status: 502, type: "BadGatewayError", message: message)
    }

    /// A 504: an upstream did not answer in time.
    package static func gatewayTimeout(_ message: String) -> OpenAIError {
        OpenAIError(status: 504, type: "GatewayTimeoutError", message: message)
    }
}

/// A refusal by the gateway with its `Retry-After`.
package struct GatewayRefusal: Sendable, Hashable {
    package var error: OpenAIError
    /// The `Retry-After` header's seconds, if it has one.
    package var retryAfterSeconds: Int?

    package init(_ error: OpenAIError, retryAfterSeconds: Int? = nil) {
        self.error = error
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// A 503 that says when to come back: at least one second.
    package static func unavailable(_ message: String, retryAfterSeconds: Int) -> GatewayRefusal {
        let seconds = max(1, retryAfterSeconds)
        return GatewayRefusal(.serviceUnavailable(message), retryAfterSeconds: seconds)
    }
}

/// The last event of a stream that was cut and cannot go on: `data: {"error": {…}}`.
///
/// `[DONE]` never follows it: a client that sees neither knows that the answer is not whole. A
/// stream that ends within an event gets the blank line first, so that this one stands alone; the
/// relay passes on whole events only, so that is the case where its framing gave up.
package enum ErrorEvent {
    /// Writes the event.
    package static func write(
        _ error: OpenAIError,
        closesOpenEvent: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        if closesOpenEvent { buffer.writeStaticString("\n\n") }
        StreamEncoder.writeError(error, into: &buffer)
    }
}
