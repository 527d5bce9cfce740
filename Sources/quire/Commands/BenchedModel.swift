import QuireCheckpoint
import QuireEngine
import QuireKernels
import QuireModels

/// A model on the CPU backend, driven step by step through the engine's executor: the model and
/// the sampler are those that serve, the scheduler is not there.
///
/// It has one sequence per decoding slot, each with cache blocks of its own, and one more for
/// prompts. Tokens of prompts are arbitrary; decoded ones are sampled greedily.
final class BenchedModel {
    private struct Sequence {
        var length = 0
        var nextToken: Int32 = 1
        let blockTable: [Int32]
    }

    private let configuration: DecoderConfiguration
    let architecture: String
    let weightType: ElementType
    private let executor: any Executor
    private let plan: StepPlan
    private var result = StepResult()
    private let greedy: SamplingParameters
    private var sequences: [Sequence]
    private var prompt: Sequence

    private static let blockSize = 16

    /// Loads the model; `slots` sequences of up to `slotLength` tokens may decode, and prompts have
    /// up to `promptLength`.
    init(
        folder: String,
        weightType: ElementType?,
        threadCount: Int,
        slots: Int,
        slotLength: Int,
        promptLength: Int
    ) throws {
        let checkpoint = try Checkpoint(folder: folder)
        let architecture = try ModelRegistry.architecture(of: checkpoint.configuration)
        self.architecture = try checkpoint.configuration.architecture
        configuration = try architecture.configuration(checkpoint.configuration)
        self.weightType = weightType ?? checkpoint.automaticWeightType

        var nextBlock: Int32 = 0
        func makeSequence(_ length: Int) -> Sequence {
            let count = Int32((length + Self.blockSize - 1) / Self.blockSize)
            defer { nextBlock += count }
            return Sequence(blockTable: Array(nextBlock..<nextBlock + count))
        }
        sequences = (0..<slots).map { _ in makeSequence(slotLength) }
        prompt = makeSequence(promptLength)
        let limits = ModelLimits(
            maxRows: max(slots * Self.openingLength, promptLength),
            maxLogitsRows: slots,
            blockCount: Int(nextBlock),
            blockSize: Self.blockSize
        )
        let backend = CPUBackend(threadCount: threadCount)
        executor = ModelExecutor(
            model: try architecture.make(
                WeightScope(checkpoint: checkpoint, backend: backend, type: self.weightType),
                configuration,
                limits
            ),
            backend: backend,
            capacity: ExecutorCapacity(
                maxRows: limits.maxRows,
                maxSequences: slots,
                maxLogitsRows: limits.maxLogitsRows,
                maxContext: max(slotLength, promptLength),
                blockCount: limits.blockCount,
                blockSize: limits.blockSize,
                vocabularySize: configuration.vocabularySize
            )
        )
        plan = StepPlan(
            batch: StepBatch(
                blockSize: Self.blockSize,
                maxRows: limits.maxRows,
                maxSequences: slots,
                maxBlocks: limits.blockCount,
                maxLogitsRows: limits.maxLogitsRows
            )
        )
        var fields = SamplingParameters.Fields()
        fields.temperature = 0
        greedy = SamplingParameters(fields)
    }

    /// Tokens that each decoding sequence begins with.
    static let openingLength = 16

    /// Gives every slot its first tokens, in one step.
    func open() throws {
        plan.removeAll()
        for slot in sequences.indices {
            let tokens = arbitraryTokens(count: Self.openingLength, seed: slot)
            add(tokens, computedCount: 0, blockTable: sequences[slot].blockTable)
            sequences[slot].length = tokens.count
        }
        try run()
        takeTokens()
    }

    /// One decode step of the first `count` slots.
    func decode(_ count: Int) throws {
        plan.removeAll()
        for slot in 0..<count {
            add(
                [sequences[slot].nextToken],
                computedCount: sequences[slot].length,
                blockTable: sequences[slot].blockTable
            )
            sequences[slot].length += 1
        }
        try run()
        takeTokens()
    }

    /// Computes a prompt of `length` tokens in one step, up to its first answer token.
    func prefill(length: Int) throws {
        plan.removeAll()
        let tokens = arbitraryTokens(count: length, seed: length)
        add(tokens, computedCount: 0, blockTable: prompt.blockTable)
        try run()
    }

    /// Adds a sequence's new tokens to the step, its last to be sampled from.
    private func add(
        _ tokens: [Int32],
        computedCount: Int,
        blockTable: [Int32]
    ) {
        let first = plan.batch.append(
            tokens: tokens,
            computedCount: computedCount,
            blockTable: blockTable
        )
        plan.samples.append(
            StepSample(
                logitsIndex: plan.batch.wantLogits(ofRow: first + tokens.count - 1),
                purpose: .next(outputIndex: 0, position: computedCount + tokens.count),
                sampling: greedy,
                history: nil
            )
        )
    }

    private func run() throws { try executor.step(plan, into: &result) }

    /// Gives the first slots the tokens that the step has sampled.
    private func takeTokens() {
        for (slot, outcome) in result.outcomes.enumerated() {
            if case .token(let token, _) = outcome { sequences[slot].nextToken = token }
        }
    }

    /// Token ids without meaning, the same in every run.
    private func arbitraryTokens(count: Int, seed: Int) -> [Int32] {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int32((state >> 33) % UInt64(configuration.vocabularySize))
        }
    }
}

extension BenchedModel {
    /// Elements of the matrices that every token is multiplied with, the output head not counted.
    var bodyParameters: Int {
        let attention = configuration.attention
        let (hidden, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        let perLayer =
            hidden * attention.qkvColumns + attention.queryColumns * hidden + 3 * hidden * inner
        return configuration.layerCount * perLayer
    }

    /// Elements of the output head, which only rows with logits are multiplied with.
    var headParameters: Int { configuration.vocabularySize * configuration.hiddenSize }

    /// The longest sequence that the model knows.
    var maxContext: Int { configuration.maxContext }

    /// Bytes that a decode step reads at the least: every matrix once.
    var weightBytes: Int { (bodyParameters + headParameters) * weightType.byteCount }

    /// Floating-point operations of a step's matrix products (a multiply-add counts as two).
    func operations(rows: Int, logitsRows: Int) -> Double {
        2 * (Double(bodyParameters) * Double(rows) + Double(headParameters) * Double(logitsRows))
    }
}
