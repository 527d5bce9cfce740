/// What is wrong with a simulated engine.
package enum SimulatedFault: Hashable, Sendable {
    case none
    /// Everything takes so many times as long.
    case slow(Double)
    /// Refuses connections.
    case dead
    /// Takes connections and says nothing.
    case hangs
    /// Answers 500 at once.
    case fails
}

/// How fast a simulated engine is.
///
/// The defaults are about an 8B model on one mid-range card.
package struct SimulatedEngineConfiguration: Hashable, Sendable {
    package var prefillTokensPerSecond: Double = 8_000
    /// A step without any tokens.
    package var stepSeconds: Double = 0.008
    /// What each decoding request adds to a step.
    package var decodeSeconds: Double = 0.000_25
    /// Tokens of prompts in one step.
    package var tokenBudget: Int = 2_048
    package var maxRunning: Int = 64
    package var cacheBlocks: Int = 16_384
    package var fault = SimulatedFault.none

    package init() {}
}

/// An engine with continuous batching: each step decodes one token for all that run and computes
/// a chunk of the prompts that came, less what its cache has.
struct SimulatedEngine {
    let configuration: SimulatedEngineConfiguration
    private(set) var cache: SimulatedCache
    private var running: [Job] = []
    private var waiting: [Job] = []
    private var isStepping = false
    private(set) var promptTokens = 0
    private(set) var cachedTokens = 0

    struct Job {
        let attempt: UInt64
        let request: Int
        let keys: [UInt64]
        /// Blocks of the prompt and the answer.
        let finalKeys: [UInt64]
        var promptTokens: Int
        var outputTokens: Int
        var prefillLeft = 0
    }

    /// What a step brought about.
    enum Progress {
        case firstToken(request: Int, attempt: UInt64)
        case finished(request: Int, attempt: UInt64)
    }

    init(_ configuration: SimulatedEngineConfiguration) {
        self.configuration = configuration
        cache = SimulatedCache(capacity: configuration.cacheBlocks)
    }

    var load: UpstreamLoad {
        let usage = Double(running.count) / Double(max(1, configuration.maxRunning))
        return UpstreamLoad(running: running.count, waiting: waiting.count, kvUsage: usage)
    }

    mutating func add(_ job: Job) { waiting.append(job) }

    mutating func abort(attempt: UInt64) {
        waiting.removeAll { $0.attempt == attempt }
        running.removeAll { $0.attempt == attempt }
    }

    /// Begins a step if none is under way.
    ///
    /// Returns its length in nanoseconds.
    mutating func beginStep() -> UInt64? {
        if isStepping || configuration.fault == .hangs { return nil }
        while running.count < configuration.maxRunning, !waiting.isEmpty { admit() }
        if running.isEmpty { return nil }
        isStepping = true
        var budget = configuration.tokenBudget
        var prefill = 0
        var decoding = 0
        for index in running.indices {
            if running[index].prefillLeft > 0 {
                let chunk = min(budget, running[index].prefillLeft)
                budget -= chunk
                prefill += chunk
                running[index].prefillLeft -= chunk
            } else {
                decoding += 1
            }
        }
        var seconds =
            configuration.stepSeconds + Double(decoding) * configuration.decodeSeconds
            + Double(prefill) / configuration.prefillTokensPerSecond
        if case .slow(let factor) = configuration.fault { seconds *= factor }
        return UInt64(seconds * 1e9)
    }

    /// Ends the step that was under way.
    mutating func endStep() -> [Progress] {
        isStepping = false
        var progress: [Progress] = []
        var kept: [Job] = []
        for var job in running {
            if job.prefillLeft > 0 {
                kept.append(job)
                continue
            }
            if job.prefillLeft == 0 {
                cache.use(job.keys)
                progress.append(.firstToken(request: job.request, attempt: job.attempt))
                job.prefillLeft = -1
            }
            job.outputTokens -= 1
            if job.outputTokens > 0 {
                kept.append(job)
            } else {
                cache.use(job.finalKeys)
                progress.append(.finished(request: job.request, attempt: job.attempt))
            }
        }
        running = kept
        return progress
    }

    private mutating func admit() {
        var job = waiting.removeFirst()
        let blocks = max(1, job.keys.count)
        // The last token is always computed: its logits are wanted.
        let cached = min(
            job.promptTokens - 1,
            job.promptTokens * cache.depth(of: job.keys) / blocks
        )
        job.prefillLeft = max(1, job.promptTokens - cached)
        promptTokens += job.promptTokens
        cachedTokens += cached
        running.append(job)
    }
}
