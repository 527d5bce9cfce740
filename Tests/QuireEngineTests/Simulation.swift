import QuireEngine
import QuireTelemetry
import Synchronization

/// One random life of an engine: requests come, leave and are answered, in a cache that is too
/// small, and the books are checked after every step.
///
/// The seed decides everything.
final class Simulation {
    /// What went wrong, with what replays it: `try Simulation(seed: …).run()`.
    struct Failure: Error, CustomStringConvertible {
        let seed: UInt64
        let message: String
        var description: String { "seed \(seed): \(message)" }
    }

    struct Statistics {
        var preemptions = 0
        var prefixHits = 0
        var finished = 0
    }

    private let seed: UInt64
    private var random: SeededGenerator
    private let capacity: ExecutorCapacity
    private let executor: ShadowExecutor
    private let sink = RecordingSink()
    private let metrics: EngineMetrics
    private let loop: StepLoop
    private var requests: [EngineRequest] = []
    private var aborted: Set<OutputAddress> = []
    /// The beginnings that prompts share.
    private let prefixes: [[Int32]]

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        let blockSize = [1, 2, 4, 8].randomElement(using: &random) ?? 1
        let maxContext = Int.random(in: 4...40, using: &random)
        let contextBlocks = (maxContext + blockSize - 1) / blockSize
        let maxSequences = Int.random(in: 1...6, using: &random)
        capacity = ExecutorCapacity(
            maxRows: Int.random(in: 1...24, using: &random),
            maxSequences: maxSequences,
            maxLogitsRows: maxSequences + Int.random(in: 0...6, using: &random),
            maxContext: maxContext,
            // From one sequence's worth to enough for all; now and then even less than one.
            blockCount: max(1, contextBlocks * Int.random(in: 1...6, using: &random) - 1),
            blockSize: blockSize,
            vocabularySize: ShadowModel.vocabularySize
        )
        prefixes = (0..<3).map { [random] index in
            var random = random
            return (0..<24).map { _ in
                Int32.random(in: 0..<Int32(2 + 20 * index), using: &random)
            }
        }
        executor = ShadowExecutor(capacity)
        let isSharing = random.chance(0.7)
        let ticks = Ticks()
        var registry = MetricsRegistry()
        metrics = EngineMetrics(&registry, maxContext: maxContext)
        loop = StepLoop(
            configuration: EngineConfiguration(
                capacity: capacity,
                prefixCacheKey: isSharing ? BlockHashKey(using: &random) : nil,
                now: { ticks.next() }
            ),
            executor: executor,
            metrics: metrics,
            sink: sink
        )
    }

    /// Runs until everything has ended; throws at the first thing that is wrong.
    @discardableResult
    func run() throws -> Statistics {
        let failsSteps = random.chance(0.1)
        var failing = SeededGenerator(seed: seed ^ 0xfa11)
        executor.failsStep = { _ in failsSteps && failing.chance(0.05) }
        for _ in 0..<Int.random(in: 5...40, using: &random) {
            var commands: [EngineCommand] = []
            while random.chance(0.5), requests.count < 30 { commands.append(.add(makeRequest())) }
            if random.chance(0.1), let victim = requests.randomElement(using: &random) {
                commands.append(.abort(victim.address))
                aborted.insert(victim.address)
            }
            loop.handle(&commands)
            try step()
        }
        // Nobody waits for longer than those ahead have tokens: each step moves the first one.
        var stepsLeft = requests.count * (capacity.maxContext + 1)
        while !loop.isIdle {
            try step()
            stepsLeft -= 1
            try require(stepsLeft >= 0, "requests starve")
        }
        try checkAnswers()
        return Statistics(
            preemptions: Int(metrics.preemptions.value),
            prefixHits: Int(metrics.prefixHits.value),
            finished: requests.count
        )
    }

    private func step() throws {
        let first = loop.first
        let stepsBefore = executor.stepCount
        let wasIdle = loop.isIdle
        loop.schedule()
        loop.execute()
        loop.publish()
        do { try loop.checkInvariants() } catch { try fail(error.description) }
        if let complaint = executor.complaints.first { try fail(complaint) }
        if let complaint = sink.complaints.first { try fail(complaint) }
        try require(wasIdle || executor.stepCount == stepsBefore + 1, "no step, though not idle")
        if let first, sink[first.address].reason == nil {
            let now = loop.progress(of: first.address) ?? 0
            try require(now > first.progress, "the first running request gets rows in each step")
        }
    }

    private func makeRequest() -> EngineRequest {
        var fields = SamplingParameters.Fields()
        fields.maxTokens = Int.random(in: 1...24, using: &random)
        fields.minTokens = random.chance(0.2) ? Int.random(in: 0...4, using: &random) : 0
        fields.endTokens = [0, 1]
        fields.ignoresEnd = random.chance(0.3)
        if random.chance(0.3) { fields.stopTokens = [7, 8] }
        if random.chance(0.2) { fields.presencePenalty = 1 }
        if random.chance(0.2) { fields.logprobs = 0 }
        if random.chance(0.15) { fields.promptLogprobs = 0 }
        let longest = min(loop.maxContext, capacity.maxContext) - 1
        let length = Int.random(in: 1...max(1, longest), using: &random)
        let shared = prefixes.randomElement(using: &random) ?? []
        let sharedCount = min(length, Int.random(in: 0...shared.count, using: &random))
        let own = (sharedCount..<length).map { _ in
            Int32.random(in: 0..<Int32(ShadowModel.vocabularySize), using: &random)
        }
        let request = EngineRequest(
            address: OutputAddress(
                lane: Int.random(in: 0...2, using: &random),
                slot: SlotID(index: Int32(requests.count), generation: UInt32(seed & 0xff))
            ),
            promptTokens: shared.prefix(sharedCount) + own,
            sampling: SamplingParameters(fields),
            priority: random.chance(0.2) ? Int.random(in: -1...1, using: &random) : 0,
            cacheSalt: random.chance(0.2) ? "tenant" : "",
            arrivalNanoseconds: 0
        )
        requests.append(request)
        return request
    }

    /// Each answer is what the model alone would say, whatever the schedule was.
    private func checkAnswers() throws {
        for request in requests {
            let fields = request.sampling.fields
            let got = sink[request.address]
            let wanted = ShadowModel.answer(
                to: request.promptTokens,
                fields,
                maxContext: loop.maxContext
            )
            let name = "request \(request.address.slot.index)"
            guard let reason = got.reason, let usage = got.usage else {
                try fail("\(name) did not end")
                return
            }
            try require(wanted.tokens.starts(with: got.tokens), "\(name): other tokens")
            try require(wanted.logprobs.starts(with: got.logprobs), "\(name): other logprobs")
            try require(usage.completionTokens == got.tokens.count, "\(name): usage")
            try require(usage.promptTokens == request.promptTokens.count, "\(name): usage")
            try require(usage.cachedTokens < request.promptTokens.count, "\(name): usage")
            switch reason {
            case .abort:
                try require(aborted.contains(request.address), "\(name) was not aborted")
                continue
            case .unservable(let message), .error(let message):
                if message == "the device is gone" { continue }
                guard case .error = wanted.reason else {
                    try fail("\(name) ended with \(message)")
                    return
                }
            case .stop, .length:
                try require(reason == wanted.reason, "\(name) ended by \(reason)")
                try require(got.promptLogprobs == wanted.promptLogprobs, "\(name): the prompt's")
            }
            try require(got.tokens == wanted.tokens, "\(name): fewer tokens")
        }
    }

    private func require(_ holds: Bool, _ message: @autoclosure () -> String) throws {
        if !holds { try fail(message()) }
    }

    private func fail(_ message: String) throws {
        // A scheduler that is dropped with requests in it traps, before the seed is seen.
        loop.abortAll()
        throw Failure(seed: seed, message: message)
    }

    /// A clock that moves by one at each look.
    private final class Ticks: Sendable {
        private let count = Atomic<UInt64>(0)
        func next() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).newValue }
    }
}
