/// What became of one request; times in seconds.
package struct RequestOutcome: Sendable, Hashable {
    /// Nil for a request that was answered.
    package var error: String?
    /// When it was sent, since the start of the run.
    package var startTime: Double
    /// From its arrival until it was sent, for want of a free place.
    package var queueTime: Double
    package var timeToFirstToken = 0.0
    /// From sending to the last token.
    package var latency = 0.0
    package var interTokenLatencies: [Double] = []
    package var promptTokenCount: Int
    package var outputTokenCount = 0
    package var text = ""

    package init(
        error: String? = nil,
        startTime: Double,
        queueTime: Double = 0,
        promptTokenCount: Int
    ) {
        self.error = error
        self.startTime = startTime
        self.queueTime = queueTime
        self.promptTokenCount = promptTokenCount
    }

    package var isSuccess: Bool { error == nil }

    /// Time per output token after the first; nil where there is none.
    package var timePerOutputToken: Double? {
        guard outputTokenCount > 1 else { return nil }
        return (latency - timeToFirstToken) / Double(outputTokenCount - 1)
    }
}
