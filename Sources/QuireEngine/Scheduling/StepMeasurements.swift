/// What the metrics are told about one step; reused for all steps.
///
/// Times are nanoseconds.
struct StepMeasurements {
    /// Rows computed.
    var computedTokens = 0
    /// Tokens of the prompts that were computed to their end.
    var promptTokens = 0
    var generatedTokens = 0
    var preemptionCount = 0
    /// Tokens of newly admitted requests that were looked up in the prefix cache, and found.
    var prefixQueryTokens = 0
    var prefixHitTokens = 0
    var firstTokenLatencies: [UInt64] = []
    var tokenIntervals: [UInt64] = []
    var finished: [FinishedRequest] = []

    mutating func removeAll() {
        computedTokens = 0
        promptTokens = 0
        generatedTokens = 0
        preemptionCount = 0
        prefixQueryTokens = 0
        prefixHitTokens = 0
        firstTokenLatencies.removeAll(keepingCapacity: true)
        tokenIntervals.removeAll(keepingCapacity: true)
        finished.removeAll(keepingCapacity: true)
    }
}

/// A request that has ended, as the metrics see it.
struct FinishedRequest {
    var reason: FinishReason
    var usage: RequestUsage
    var maxTokens: Int
    var timeline: RequestTimeline
    var endNanoseconds: UInt64
}
