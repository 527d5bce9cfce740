import Glibc
import QuireCheckpoint
import QuireJSON
import QuireKernels
import QuireModels
import QuireTestSupport

/// A model of the assets on the CPU backend, driven row by row as an engine would.
@safe final class ModelUnderTest {
    let backend: CPUBackend
    let vocabularySize: Int
    private let model: any LanguageModel<CPUBackend>
    private let batch: StepBatch
    private let limits: ModelLimits

    init(
        _ asset: String,
        type: ElementType = .f32,
        threadCount: Int = 1,
        blockSize: Int = 16,
        kernels: KernelSet = .best
    ) throws {
        let checkpoint = try Checkpoint(folder: Assets.path(asset))
        backend = CPUBackend(threadCount: threadCount, kernels: kernels)
        limits = ModelLimits(
            maxRows: 640,
            maxLogitsRows: 640,
            blockCount: 4096 / blockSize,
            blockSize: blockSize
        )
        let architecture = try ModelRegistry.architecture(of: checkpoint.configuration)
        let configuration = try architecture.configuration(checkpoint.configuration)
        vocabularySize = configuration.vocabularySize
        model = try architecture.make(
            WeightScope(checkpoint: checkpoint, backend: backend, type: type),
            configuration,
            limits
        )
        batch = StepBatch(
            blockSize: blockSize,
            maxRows: limits.maxRows,
            maxSequences: 64,
            maxBlocks: limits.blockCount,
            maxLogitsRows: limits.maxLogitsRows
        )
    }

    /// Tokens that one sequence computes in a step.
    struct Piece {
        var tokens: [Int32]
        var computedCount: Int
        var blockTable: [Int32]
    }

    /// Runs one step and returns the logits of all its rows, in their order.
    func step(_ pieces: [Piece]) -> [[Float]] {
        batch.removeAll()
        for piece in pieces {
            let first = batch.append(
                tokens: piece.tokens,
                computedCount: piece.computedCount,
                blockTable: piece.blockTable
            )
            for row in first..<first + piece.tokens.count { _ = batch.wantLogits(ofRow: row) }
        }
        backend.begin(batch)
        model.forward(on: backend)
        return unsafe backend.withHostRows(of: model.logits, rows: batch.logitsRows.count) { rows in
            (0..<batch.logitsRows.count).map { index in
                unsafe Array(rows[index * vocabularySize..<(index + 1) * vocabularySize])
            }
        }
    }

    /// The logits of every token of a prompt, computed in chunks of at most `chunk`.
    func logits(of tokens: [Int32], chunk: Int = .max, blockTable: [Int32]? = nil) -> [[Float]] {
        let table = blockTable ?? Array(0..<Int32(limits.blockCount))
        var rows: [[Float]] = []
        var start = 0
        while start < tokens.count {
            let end = min(tokens.count, start.addingReportingOverflow(chunk).partialValue)
            let stop = end <= start ? tokens.count : end
            rows += step(
                [
                    Piece(
                        tokens: Array(tokens[start..<stop]),
                        computedCount: start,
                        blockTable: table
                    )
                ]
            )
            start = stop
        }
        return rows
    }

    /// Greedy continuation: the tokens, and the logits that each was chosen from.
    func greedy(_ prompt: [Int32], count: Int) -> (tokens: [Int32], logits: [[Float]]) {
        let table = Array(0..<Int32(limits.blockCount))
        var chosen: [Int32] = []
        var rows = [logits(of: prompt).last ?? []]
        while let last = rows.last, chosen.count < count {
            chosen.append(Self.argmax(last))
            if chosen.count == count { break }
            rows += step(
                [
                    Piece(
                        tokens: [chosen[chosen.count - 1]],
                        computedCount: prompt.count + chosen.count - 1,
                        blockTable: table
                    )
                ]
            )
        }
        return (chosen, rows)
    }

    static func argmax(_ logits: [Float]) -> Int32 {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return Int32(best)
    }

    static func logSumExp(_ logits: [Float]) -> Double {
        let maximum = Double(logits.max() ?? 0)
        return maximum + log(logits.reduce(0.0) { $0 + exp(Double($1) - maximum) })
    }

    static func logProbabilities(_ logits: [Float]) -> [Double] {
        let total = logSumExp(logits)
        return logits.map { Double($0) - total }
    }
}

extension JSON {
    var tokens: [Int32] { (array ?? []).compactMap { $0.int.map { Int32($0) } } }
    var doubles: [Double] { (array ?? []).compactMap { $0.double } }
}
