/// A request as the scheduler works on it: its tokens chase its computed tokens until it ends.
///
///     tokens      [ prompt ............ | generated ..... ]
///     computed    [ in the cache ............ )             the rest is what steps compute
///
/// Owned by the scheduler, engine thread. All of its memory is reserved when it is made.
final class ScheduledRequest {
    let address: OutputAddress
    let sampling: SamplingParameters
    let priority: Int
    let cacheSalt: String
    let promptCount: Int
    /// Its place in the order of arrival.
    let sequenceNumber: UInt64
    /// At this many tokens it ends for length.
    let maxTokenCount: Int
    var timeline: RequestTimeline

    /// The prompt's tokens, then the generated ones.
    var tokens: [Int32]
    /// How many tokens have their keys and values in its blocks.
    var computedCount = 0
    var blocks = BlockTable()
    /// Names of its first full blocks, as far as they were needed.
    private(set) var hashes: [BlockHash] = []
    /// Prompt tokens that came from the prefix cache when it first ran; `nil` before.
    var cachedTokens: Int?
    /// Rows of the prompt whose logprobs have been sent.
    var promptLogprobsCount = 0
    /// Whether its owner has been told that it is over.
    var hasEnded = false
    /// What penalties and bad words look at; only if the request has any.
    let history: TokenHistory?

    init(_ request: EngineRequest, sequenceNumber: UInt64, maxContext: Int, now: UInt64) {
        address = request.address
        sampling = request.sampling
        priority = request.priority
        cacheSalt = request.cacheSalt
        promptCount = request.promptTokens.count
        self.sequenceNumber = sequenceNumber
        let fields = request.sampling.fields
        let (wanted, overflows) = promptCount.addingReportingOverflow(max(1, fields.maxTokens))
        maxTokenCount = overflows ? maxContext : min(maxContext, wanted)
        timeline = RequestTimeline(
            arrivalNanoseconds: request.arrivalNanoseconds,
            queuedNanoseconds: now
        )
        tokens = []
        tokens.reserveCapacity(maxTokenCount)
        tokens.append(contentsOf: request.promptTokens)
        history =
            sampling.hasPenalties || !fields.badWords.isEmpty
            ? TokenHistory(promptTokens: request.promptTokens, maxCount: maxTokenCount) : nil
    }

    var outputCount: Int { tokens.count - promptCount }

    /// Tokens that are not computed yet.
    var remainingCount: Int { tokens.count - computedCount }

    /// Prompt rows whose logprobs are still to be sent: all but the prompt's last one have a next
    /// prompt token.
    var hasPromptLogprobsLeft: Bool {
        sampling.fields.promptLogprobs != nil && promptLogprobsCount < promptCount - 1
    }

    var usage: RequestUsage {
        RequestUsage(
            promptTokens: promptCount,
            cachedTokens: min(cachedTokens ?? 0, promptCount),
            completionTokens: outputCount
        )
    }

    /// Whether it runs before another one: the lower priority first, then who came first.
    func precedes(_ other: ScheduledRequest) -> Bool {
        priority != other.priority
            ? priority < other.priority : sequenceNumber < other.sequenceNumber
    }

    /// Makes room once for all blocks that it can come to hold.
    func reserveBlocks(blockSize: Int) {
        let count = (maxTokenCount + blockSize - 1) / blockSize
        blocks.reserveCapacity(count)
        hashes.reserveCapacity(count)
    }

    /// Computes the names of its first `count` blocks; each is computed once.
    func extendHashes(toBlocks count: Int, blockSize: Int, key: BlockHashKey) {
        while hashes.count < count {
            let start = hashes.count * blockSize
            let parent = hashes.last ?? BlockHash.root(salt: cacheSalt, key: key)
            hashes.append(
                BlockHash.block(
                    parent: parent,
                    tokens: tokens[start..<start + blockSize],
                    key: key
                )
            )
        }
    }

    /// Takes a generated token, and says whether it ends the request.
    ///
    /// The rules in vLLM's order: an end token, a stop token, then the length.
    func append(_ token: Int32) -> FinishReason? {
        tokens.append(token)
        history?.append(token)
        let fields = sampling.fields
        if outputCount > fields.minTokens {
            if !fields.ignoresEnd, fields.endTokens.contains(token) { return .stop(stopToken: nil) }
            if fields.stopTokens.contains(token) { return .stop(stopToken: token) }
        }
        return tokens.count >= maxTokenCount ? .length : nil
    }
}

/// When things happened to a request, in nanoseconds of the engine's clock.
struct RequestTimeline: Hashable {
    /// The server received it.
    var arrivalNanoseconds: UInt64
    /// The engine took it.
    var queuedNanoseconds: UInt64
    /// It first ran.
    var scheduledNanoseconds: UInt64?
    var firstTokenNanoseconds: UInt64?
    var lastTokenNanoseconds: UInt64?
}
