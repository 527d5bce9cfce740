package import QuireOpenAI

/// What the operator decides about a server, apart from its model.
package struct ServerOptions: Sendable {
    /// Keys that open every route but health; empty opens all.
    package var apiKeys: [String] = []
    /// What `/version` says.
    package var version = "0"
    /// Bounds on a request's lists; `vocabularySize` is filled in from the model.
    package var limits = RequestLimits()
    /// Choices of one request: prompts × `n`.
    package var maxChoices = 1024
    /// A step that takes longer than this counts as stalled.
    package var stallNanoseconds: UInt64 = 300_000_000_000
    /// Whether a request may bring a chat template of its own (`--trust-request-chat-template`).
    package var trustsRequestTemplates = false
    /// Threads that render and tokenise.
    package var preprocessThreadCount = 2
    /// Requests that may wait for those threads.
    package var maxWaitingRequests = 1024
    /// Bytes of their bodies.
    package var maxWaitingBytes = 256 << 20
    /// What a client may leave unread before its request is dropped.
    package var maxUnreadBytes = 4 << 20
    /// The seed from which requests without one get theirs; `nil` asks the system.
    package var seed: UInt64?
    /// Takes a sentence for the operator's log; called on any thread, and rarely.
    package var log: @Sendable (String) -> Void = { _ in }

    package init() {}
}

/// The two clocks, handed in so that tests can set them.
package struct ServerClock: Sendable {
    /// The engine's clock: monotonic nanoseconds.
    package var nanoseconds: @Sendable () -> UInt64
    /// Seconds since 1970.
    package var unixTime: @Sendable () -> Int

    package init(
        nanoseconds: @escaping @Sendable () -> UInt64,
        unixTime: @escaping @Sendable () -> Int
    ) {
        self.nanoseconds = nanoseconds
        self.unixTime = unixTime
    }
}
