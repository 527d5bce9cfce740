/// The tokens of one request as its sampler needs them: in order for bad words, counted for
/// penalties.
///
/// Made only for requests that use one of the two. Owned by the request, read by the executor
/// within the same step, both on the engine thread.
package final class TokenHistory {
    /// How often a token stands in the prompt and in the output.
    package struct Count: Hashable {
        package var prompt: Int32 = 0
        package var output: Int32 = 0
    }

    package private(set) var counts: [Int32: Count] = [:]
    package private(set) var outputTokens: [Int32] = []

    /// Makes room for `maxCount` tokens at once, so that appending seldom allocates; for the counts
    /// only up to 4096 different tokens, which few texts have.
    package init(promptTokens: [Int32], maxCount: Int) {
        counts.reserveCapacity(min(maxCount, 4096))
        outputTokens.reserveCapacity(max(0, maxCount - promptTokens.count))
        for token in promptTokens { counts[token, default: Count()].prompt += 1 }
    }

    package func append(_ token: Int32) {
        counts[token, default: Count()].output += 1
        outputTokens.append(token)
    }
}
