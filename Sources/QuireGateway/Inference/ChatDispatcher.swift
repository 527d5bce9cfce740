package import NIOCore
package import QuireHTTP

/// A chat request on its way through the gateway.
package struct ChatDispatch: Sendable {
    /// A chat completion request in OpenAI's shape.
    package var body: ByteBuffer
    /// Whether the text is wanted in pieces as it comes; the body says the same.
    package var streams: Bool
    /// The client's own request: its key, its id, its trace.
    package var head: HTTPRequestHead
}

/// Sends chat requests through the gateway, for whoever wants text and not OpenAI's shapes.
package protocol ChatDispatcher: Sendable {
    /// Sends a request; every call of the receiver is on the event loop, during this call or later.
    func dispatch(
        _ dispatch: ChatDispatch,
        on eventLoop: any EventLoop,
        to receiver: any ChatAnswerReceiver
    ) -> any ChatCall
}

/// A request under way.
///
/// It holds its receiver until its end; confined to the event loop.
package protocol ChatCall: AnyObject {
    /// Whether more text is wanted: back-pressure.
    var isReading: Bool { get set }
    /// Gives up without a word to the receiver; nothing if all is over.
    func abandon()
}

/// Takes the text of an answer; after `receiveEnd` or `receiveFailure` there are no more calls.
package protocol ChatAnswerReceiver: AnyObject {
    /// A piece of the first choice's text: whole characters in UTF-8, escapes resolved.
    func receiveText(_ text: ByteBuffer)
    /// All that has come so far was given out: the time to pass it on.
    func receivePause()
    func receiveEnd()
    func receiveFailure(_ refusal: GatewayRefusal)
}
