import Glibc
import QuireKernels
import Testing

@Suite struct AttentionTests {
    private static let shapes: [AttentionShape] = [
        AttentionShape(queryHeads: 1, keyValueHeads: 1, headDimension: 8, scale: 0.35),
        AttentionShape(queryHeads: 4, keyValueHeads: 2, headDimension: 24, scale: 0.2),
        AttentionShape(queryHeads: 7, keyValueHeads: 1, headDimension: 64, scale: 0.125),
        AttentionShape(
            queryHeads: 3,
            keyValueHeads: 3,
            headDimension: 16,
            scale: 0.25,
            slidingWindow: 5
        ),
        AttentionShape(
            queryHeads: 6,
            keyValueHeads: 2,
            headDimension: 32,
            scale: 0.18,
            slidingWindow: 280
        ),
        AttentionShape(
            queryHeads: 2,
            keyValueHeads: 1,
            headDimension: 8,
            scale: 0.35,
            slidingWindow: 1
        ),
        AttentionShape(queryHeads: 60, keyValueHeads: 1, headDimension: 8, scale: 0.35),
    ]

    @Test(arguments: KernelSet.available, shapes)
    func outputsAreThoseOfDoubles(kernels: KernelSet, shape: AttentionShape) {
        for (index, blockSize) in [16, 8, 4, 24].enumerated() {
            let headNorms = index % 2 == 1
            let layer = AttentionLayer(
                shape,
                blockSize: blockSize,
                threadCount: 1 + index % 3,
                kernels: kernels,
                headNorms: headNorms
            )
            let table = Self.table(count: 600 / blockSize + 1, seed: UInt64(index))
            // Prefill, a chunk over the border of 256 cached tokens, then decode.
            var rows = layer.step([.init(sequence: 3, start: 0, count: 250, blockTable: table)])
            rows += layer.step([.init(sequence: 3, start: 250, count: 21, blockTable: table)])
            rows += layer.step([.init(sequence: 3, start: 271, count: 1, blockTable: table)])
            let expected = Self.expected(shape, sequence: 3, count: 272, headNorms: headNorms)
            for (row, (result, golden)) in zip(rows, expected).enumerated() {
                let error = zip(result, golden).map { abs(Double($0) - $1) }.max() ?? .infinity
                #expect(error <= 2e-5, "block size \(blockSize), row \(row): \(error)")
            }
        }
    }

    @Test(arguments: KernelSet.available, shapes)
    func aRowIsTheSameBitsHoweverItIsComputed(kernels: KernelSet, shape: AttentionShape) {
        let count = 300
        let table = (0..<Int32(20)).map { $0 }
        let base = AttentionLayer(shape, blockSize: 16, threadCount: 1, kernels: kernels)
            .sequence(7, count: count, chunk: count, blockTable: table).map { $0.bits }
        for threadCount in 1...3 {
            for (chunk, blockSize) in [(1, 16), (7, 8), (64, 32), (count, 16)] {
                let blocks = (count + blockSize - 1) / blockSize
                let layer = AttentionLayer(
                    shape,
                    blockSize: blockSize,
                    threadCount: threadCount,
                    kernels: kernels
                )
                let rows = layer.sequence(
                    7,
                    count: count,
                    chunk: chunk,
                    blockTable: Self.table(count: blocks, seed: UInt64(chunk))
                )
                #expect(
                    rows.map { $0.bits } == base,
                    "\(threadCount) threads, chunks of \(chunk), blocks of \(blockSize)"
                )
            }
        }
    }

    @Test(arguments: KernelSet.available, shapes)
    func aRowIsTheSameBitsInACrowd(kernels: KernelSet, shape: AttentionShape) {
        let layer = AttentionLayer(shape, blockSize: 16, threadCount: 2, kernels: kernels)
        let placement = Self.table(count: 100, seed: 8)
        func table(_ sequence: Int) -> [Int32] {
            Array(placement[sequence * 20..<(sequence + 1) * 20])
        }
        let alone = (0..<5).map { sequence in
            AttentionLayer(shape, blockSize: 16, threadCount: 1, kernels: kernels).sequence(
                sequence,
                count: 290,
                chunk: 290,
                blockTable: (0..<20).map { $0 }
            ).map { $0.bits }
        }
        // Each step takes another share of each sequence: prefill beside decode.
        var random = Random(seed: 11)
        var done = [Int](repeating: 0, count: 5)
        while let least = done.min(), least < 290 {
            var pieces: [AttentionLayer.Piece] = []
            for sequence in 0..<5 where done[sequence] < 290 && random.pick([true, true, false]) {
                let count = min(random.pick([1, 1, 3, 50, 120]), 290 - done[sequence])
                pieces.append(
                    .init(
                        sequence: sequence,
                        start: done[sequence],
                        count: count,
                        blockTable: table(sequence)
                    )
                )
            }
            if pieces.isEmpty { continue }
            var rows = layer.step(pieces)[...]
            for piece in pieces {
                let result = rows.prefix(piece.count).map { $0.bits }
                rows = rows.dropFirst(piece.count)
                #expect(
                    result == Array(alone[piece.sequence][piece.start..<piece.start + piece.count])
                )
                done[piece.sequence] += piece.count
            }
        }
    }

    /// A failed request may leave anything in its blocks; who gets them next must not see it.
    @Test(arguments: KernelSet.available, shapes)
    func staleBlocksCannotReachAResult(kernels: KernelSet, shape: AttentionShape) {
        let table = (0..<Int32(20)).map { $0 }
        let clean = AttentionLayer(shape, blockSize: 16, threadCount: 1, kernels: kernels)
            .sequence(1, count: 37, chunk: 10, blockTable: table).map { $0.bits }
        let layer = AttentionLayer(shape, blockSize: 16, threadCount: 2, kernels: kernels)
        layer.poisoned[0] = 0..<300
        let failed = layer.sequence(0, count: 300, chunk: 300, blockTable: table)
        #expect(failed.allSatisfy { $0.allSatisfy { $0.isNaN } })
        let next = layer.sequence(1, count: 37, chunk: 10, blockTable: table).map { $0.bits }
        #expect(next == clean)
    }

    /// A row that is broken reaches itself and those that may look at it, however the rows are cut
    /// into steps: the rows before it, and those whose window has passed it, are the same bits.
    @Test(arguments: KernelSet.available, shapes)
    func aBrokenRowReachesOnlyThoseThatSeeIt(kernels: KernelSet, shape: AttentionShape) {
        let count = 300
        let table = (0..<Int32(80)).map { $0 }
        for (chunk, blockSize) in [(count, 16), (count, 4), (37, 16)] {
            let layer = AttentionLayer(
                shape,
                blockSize: blockSize,
                threadCount: 2,
                kernels: kernels
            )
            let clean = layer.sequence(4, count: count, chunk: chunk, blockTable: table)
            for broken in [3, 129, 258, 299] {
                layer.poisoned[4] = broken..<broken + 1
                let rows = layer.sequence(4, count: count, chunk: chunk, blockTable: table)
                layer.poisoned[4] = nil
                for row in 0..<count {
                    let seesIt = row >= broken && row - broken < shape.slidingWindow ?? count
                    let isRight =
                        seesIt
                        ? rows[row].allSatisfy { $0.isNaN } : rows[row].bits == clean[row].bits
                    #expect(isRight, "row \(row), broken \(broken), chunks of \(chunk)")
                }
            }
        }
    }

    /// Distinct blocks in a seeded order.
    private static func table(count: Int, seed: UInt64) -> [Int32] {
        var random = Random(seed: seed)
        return Array((0..<Int32(256)).shuffled(using: &random).prefix(count))
    }

    /// The definition, in doubles, from the activations.
    private static func expected(
        _ shape: AttentionShape,
        sequence: Int,
        count: Int,
        headNorms: Bool
    ) -> [[Double]] {
        let size = shape.headDimension
        let frequencies = AttentionLayer.inverseFrequencies(size)
        let norms = headNorms ? AttentionLayer.headNorms(size) : nil
        func head(_ values: ArraySlice<Float>, _ norm: [Float]?, _ position: Int) -> [Double] {
            var x = values.map { Double($0) }
            if let norm {
                let mean = x.reduce(0) { $0 + $1 * $1 } / Double(size)
                x = zip(x, norm).map { $0 / (mean + 1e-6).squareRoot() * Double($1) }
            }
            return (0..<size).map { index in
                let angle = Double(Float(position) * frequencies[index % (size / 2)])
                return index < size / 2
                    ? x[index] * cos(angle) - x[index + size / 2] * sin(angle)
                    : x[index] * cos(angle) + x[index - size / 2] * sin(angle)
            }
        }
        var queries: [[[Double]]] = []
        var keys: [[[Double]]] = []
        var values: [[[Double]]] = []
        for position in 0..<count {
            let row = AttentionLayer.activations(shape, sequence: sequence, position: position)
            func part(_ head: Int) -> ArraySlice<Float> { row[head * size..<(head + 1) * size] }
            queries.append(
                (0..<shape.queryHeads).map { head(part($0), norms?.query, position) }
            )
            keys.append(
                (0..<shape.keyValueHeads).map {
                    head(part(shape.queryHeads + $0), norms?.key, position)
                }
            )
            values.append(
                (0..<shape.keyValueHeads).map {
                    part(shape.queryHeads + shape.keyValueHeads + $0).map { Double($0) }
                }
            )
        }
        return (0..<count).map { position in
            let first = shape.slidingWindow.map { max(0, position - $0 + 1) } ?? 0
            return (0..<shape.queryHeads).flatMap { query -> [Double] in
                let shared = query / (shape.queryHeads / shape.keyValueHeads)
                let scores = (first...position).map { token in
                    zip(queries[position][query], keys[token][shared]).reduce(0) {
                        $0 + $1.0 * $1.1
                    } * Double(shape.scale)
                }
                let maximum = scores.max() ?? 0
                let weights = scores.map { exp($0 - maximum) }
                let total = weights.reduce(0, +)
                return (0..<size).map { k in
                    zip(weights, first...position).reduce(0) {
                        $0 + $1.0 * values[$1.1][shared][k]
                    } / total
                }
            }
        }
    }
}
