/// What an engine is made with; fixed after start.
package struct EngineConfiguration: Sendable {
    /// That of the executor which the engine will run.
    package var capacity: ExecutorCapacity
    /// Requests that may wait, in the inbox and in the scheduler together; beyond it `add` throws
    /// ``EngineError/full``.
    package var queueDepthMax: Int
    /// Whether requests share the blocks of equal prefixes (`--enable-prefix-caching`), and the
    /// secret that their names are made with.
    package var prefixCacheKey: BlockHashKey?
    /// Nanoseconds of a steady clock; called on the engine thread and by `status`.
    package var now: @Sendable () -> UInt64

    package init(
        capacity: ExecutorCapacity,
        queueDepthMax: Int = 4096,
        prefixCacheKey: BlockHashKey?,
        now: @escaping @Sendable () -> UInt64
    ) {
        self.capacity = capacity
        self.queueDepthMax = queueDepthMax
        self.prefixCacheKey = prefixCacheKey
        self.now = now
    }

    /// Why a request can never be served, as a sentence; `nil` if it can.
    func objection(to request: EngineRequest) -> String? {
        let context = min(capacity.maxContext, capacity.blockCount * capacity.blockSize)
        guard !request.promptTokens.isEmpty else { return "The prompt has no tokens." }
        guard request.promptTokens.count < context else {
            return """
                The prompt has \(request.promptTokens.count) tokens, and with at least one to \
                generate must fit a context of \(context).
                """
        }
        guard let odd = request.promptTokens.first(where: { !isInVocabulary($0) }) else {
            return nil
        }
        return "Token id \(odd) is out of vocabulary (0 to \(capacity.vocabularySize - 1))."
    }

    private func isInVocabulary(_ token: Int32) -> Bool {
        token >= 0 && Int(token) < capacity.vocabularySize
    }
}

/// Why the engine does not take a request.
package enum EngineError: Error, Sendable, Hashable {
    /// As many requests wait as may wait.
    case full
    /// The engine is being shut down.
    case draining
    /// The request cannot be served, however long it waits.
    case unservable(String)
}

/// What `/health` and its like want to know; a snapshot.
package struct EngineStatus: Sendable, Hashable {
    package var runningCount: Int
    /// In the inbox and in the scheduler.
    package var waitingCount: Int
    /// How long the step under way has been running; `nil` between steps.
    package var stepAgeNanoseconds: UInt64?
    /// New requests are refused: the engine is being shut down, or has been.
    package var isDraining: Bool
}
