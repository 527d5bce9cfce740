import Glibc
import QuireKernels

/// One layer's attention over made-up activations: row contents depend on the sequence and
/// the position alone, so that any batch gives each row the same input.
@safe final class AttentionLayer {
    struct Piece {
        var sequence: Int
        var start: Int
        var count: Int
        var blockTable: [Int32]
    }

    let shape: AttentionShape
    let blockSize: Int
    let backend: CPUBackend
    let cache: CPUCache
    private let frequencies: CPUBuffer
    private let queryNorm: CPUBuffer?
    private let keyNorm: CPUBuffer?
    /// Positions at which the activations are NaN, per sequence.
    var poisoned: [Int: Range<Int>] = [:]

    init(
        _ shape: AttentionShape,
        blockSize: Int,
        threadCount: Int,
        kernels: KernelSet,
        headNorms: Bool = false,
        blockCount: Int = 256
    ) {
        self.shape = shape
        self.blockSize = blockSize
        let backend = CPUBackend(threadCount: threadCount, kernels: kernels)
        cache = backend.makeCache(
            layerCount: 2,
            blockCount: blockCount,
            blockSize: blockSize,
            keyValueHeads: shape.keyValueHeads,
            headDimension: shape.headDimension
        )
        frequencies = backend.makeVector(
            HostMatrix(floats: Self.inverseFrequencies(shape.headDimension))
        )
        let norms = headNorms ? Self.headNorms(shape.headDimension) : nil
        self.backend = backend
        queryNorm = norms.map { backend.makeVector(HostMatrix(floats: $0.query)) }
        keyNorm = norms.map { backend.makeVector(HostMatrix(floats: $0.key)) }
    }

    static func inverseFrequencies(_ size: Int) -> [Float] {
        (0..<size / 2).map { powf(100, -Float(2 * $0) / Float(size)) }
    }

    static func headNorms(_ size: Int) -> (query: [Float], key: [Float]) {
        var random = Random(seed: 99)
        return (random.floats(size, in: 0.5...2), random.floats(size, in: 0.5...2))
    }

    /// What the linear before would give for a position: queries, keys, values.
    static func activations(
        _ shape: AttentionShape,
        sequence: Int,
        position: Int
    ) -> [Float] {
        var random = Random(seed: UInt64(sequence) << 32 | UInt64(position))
        return random.floats(shape.qkvColumns, in: -2...2)
    }

    /// Runs a step and returns each row's output.
    func step(_ pieces: [Piece]) -> [[Float]] {
        let rowCount = pieces.reduce(0) { $0 + $1.count }
        let batch = StepBatch(
            blockSize: blockSize,
            maxRows: rowCount,
            maxSequences: pieces.count,
            maxBlocks: 1024,
            maxLogitsRows: 1
        )
        var values: [Float] = []
        for piece in pieces {
            batch.append(
                tokens: [Int32](repeating: 0, count: piece.count),
                computedCount: piece.start,
                blockTable: piece.blockTable
            )
            for position in piece.start..<piece.start + piece.count {
                let row = Self.activations(
                    shape,
                    sequence: piece.sequence,
                    position: position
                )
                let isPoisoned = poisoned[piece.sequence]?.contains(position) ?? false
                values += isPoisoned ? row.map { _ in .nan } : row
            }
        }
        let qkv = backend.makeBuffer(values, columns: shape.qkvColumns)
        let angles = backend.makeBuffer(rows: rowCount, columns: shape.headDimension)
        let y = backend.makeBuffer(rows: rowCount, columns: shape.queryColumns)
        backend.begin(batch)
        backend.rotaryAngles(frequencies, scale: 1, into: angles)
        backend.qkvWrite(
            qkv,
            shape: shape,
            queryNorm: queryNorm,
            keyNorm: keyNorm,
            epsilon: 1e-6,
            angles: angles,
            cache: cache,
            layer: 1
        )
        backend.attention(qkv, shape: shape, cache: cache, layer: 1, into: y)
        let result = backend.values(of: y, rows: rowCount)
        return (0..<rowCount).map { row in
            Array(result[row * shape.queryColumns..<(row + 1) * shape.queryColumns])
        }
    }

    /// A sequence computed in chunks, on its own.
    func sequence(
        _ sequence: Int,
        count: Int,
        chunk: Int,
        blockTable: [Int32]
    ) -> [[Float]] {
        stride(from: 0, to: count, by: chunk).flatMap { start in
            step([
                Piece(
                    sequence: sequence,
                    start: start,
                    count: min(chunk, count - start),
                    blockTable: blockTable
                )
            ])
        }
    }
}
