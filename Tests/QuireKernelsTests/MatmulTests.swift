import Glibc
import QuireKernels
import Testing

@Suite struct MatmulTests {
    /// Ragged on every side: panels of 16, tiles of 6 rows, blocks of 96 rows, blocks of columns.
    private static let shapes: [(outputs: Int, columns: Int, rows: Int)] = [
        (1, 1, 1), (5, 3, 2), (16, 8, 3), (17, 9, 4), (40, 33, 5), (31, 300, 6), (100, 64, 7),
        (48, 257, 13), (19, 700, 97), (64, 40, 200), (1, 2000, 1), (333, 16, 2),
    ]

    @Test(arguments: KernelSet.available, [ElementType.f32, .bf16])
    func productsAreThoseOfDoubles(kernels: KernelSet, kept: ElementType) {
        var random = Random(seed: 1)
        for (index, shape) in Self.shapes.enumerated() {
            let source = random.pick([ElementType.f32, .f16, .bf16])
            let backend = CPUBackend(threadCount: 1 + index % 3, kernels: kernels)
            let weight = StoredMatrix(
                random.floats(shape.outputs * shape.columns),
                rows: shape.outputs,
                columns: shape.columns,
                type: source
            )
            let bias = index % 2 == 0 ? random.floats(shape.outputs) : nil
            let x = random.floats(shape.rows * shape.columns)
            let y = backend.makeBuffer(rows: shape.rows, columns: shape.outputs)
            backend.beginRows(shape.rows)
            backend.linear(
                backend.makeBuffer(x, columns: shape.columns),
                backend.makeWeight([weight.matrix], as: kept, bias: bias),
                into: y
            )
            let kept = weight.values(keptAs: kept)
            let result = backend.values(of: y, rows: shape.rows)
            for row in 0..<shape.rows {
                for output in 0..<shape.outputs {
                    let (sum, size) = dot(x, row, kept, output, shape.columns)
                    let expected = sum + Double(bias?[output] ?? 0)
                    let error = abs(Double(result[row * shape.outputs + output]) - expected)
                    #expect(error <= 1e-6 * (size + 1), "\(shape), row \(row), output \(output)")
                }
            }
        }
    }

    @Test(arguments: KernelSet.available, [ElementType.f32, .bf16])
    func gatedProductsAreThoseOfDoubles(kernels: KernelSet, kept: ElementType) {
        var random = Random(seed: 2)
        for (index, shape) in Self.shapes.enumerated() {
            let backend = CPUBackend(threadCount: 1 + index % 3, kernels: kernels)
            let halves = (0..<2).map { _ in
                StoredMatrix(
                    random.floats(shape.outputs * shape.columns),
                    rows: shape.outputs,
                    columns: shape.columns,
                    type: random.pick([.f32, .f16, .bf16])
                )
            }
            let x = random.floats(shape.rows * shape.columns)
            let y = backend.makeBuffer(rows: shape.rows, columns: shape.outputs)
            backend.beginRows(shape.rows)
            backend.gateUp(
                backend.makeBuffer(x, columns: shape.columns),
                backend.makeGateUp(gate: halves[0].matrix, up: halves[1].matrix, as: kept),
                into: y
            )
            let gates = halves[0].values(keptAs: kept)
            let ups = halves[1].values(keptAs: kept)
            let result = backend.values(of: y, rows: shape.rows)
            for row in 0..<shape.rows {
                for output in 0..<shape.outputs {
                    let (gate, gateSize) = dot(x, row, gates, output, shape.columns)
                    let (up, upSize) = dot(x, row, ups, output, shape.columns)
                    let expected = gate / (1 + exp(-gate)) * up
                    let error = abs(Double(result[row * shape.outputs + output]) - expected)
                    let bound = 1e-6 * (gateSize * abs(up) + upSize * abs(gate) + 1)
                    #expect(error <= bound, "\(shape), row \(row), output \(output)")
                }
            }
        }
    }

    @Test(arguments: KernelSet.available, [ElementType.f32, .bf16])
    func aRowIsTheSameBitsInEveryCrowdAndOnAnyThreads(kernels: KernelSet, kept: ElementType) {
        var random = Random(seed: 3)
        for (outputs, columns) in [(70, 896), (37, 129), (33, 1500)] {
            let values = random.floats(2 * outputs * columns)
            let x = random.floats(200 * columns)
            var alone: [[UInt32]] = []
            for threadCount in 1...3 {
                let backend = CPUBackend(threadCount: threadCount, kernels: kernels)
                let both = StoredMatrix(values, rows: 2 * outputs, columns: columns, type: .f32)
                let half = StoredMatrix(
                    Array(values[..<(outputs * columns)]),
                    rows: outputs,
                    columns: columns,
                    type: .f32
                )
                let weight = backend.makeWeight([both.matrix], as: kept, bias: nil)
                let gated = backend.makeGateUp(gate: half.matrix, up: half.matrix, as: kept)
                func rows(_ start: Int, _ count: Int) -> [[UInt32]] {
                    backend.beginRows(count)
                    let input = backend.makeBuffer(
                        Array(x[start * columns..<(start + count) * columns]),
                        columns: columns
                    )
                    let y = backend.makeBuffer(rows: count, columns: 2 * outputs)
                    let z = backend.makeBuffer(rows: count, columns: outputs)
                    backend.linear(input, weight, into: y)
                    backend.gateUp(input, gated, into: z)
                    let (first, second) = (
                        backend.values(of: y, rows: count).bits,
                        backend.values(of: z, rows: count).bits
                    )
                    return (0..<count).map { row in
                        Array(first[row * 2 * outputs..<(row + 1) * 2 * outputs])
                            + Array(second[row * outputs..<(row + 1) * outputs])
                    }
                }
                if alone.isEmpty { alone = (0..<200).flatMap { rows($0, 1) } }
                for count in [1, 2, 3, 4, 5, 6, 7, 11, 23, 97, 200] {
                    #expect(rows(200 - count, count) == Array(alone[(200 - count)...]))
                }
            }
        }
    }

    @Test(arguments: KernelSet.available)
    func partsOfAWeightFollowOneAnother(kernels: KernelSet) {
        var random = Random(seed: 4)
        let backend = CPUBackend(threadCount: 2, kernels: kernels)
        let columns = 21
        let parts = [(5, ElementType.f32), (9, .bf16), (1, .f16), (20, .f32)].map { rows, type in
            StoredMatrix(random.floats(rows * columns), rows: rows, columns: columns, type: type)
        }
        let x = backend.makeBuffer(random.floats(3 * columns), columns: columns)
        backend.beginRows(3)
        let whole = backend.makeBuffer(rows: 3, columns: 35)
        backend.linear(
            x,
            backend.makeWeight(parts.map { $0.matrix }, as: .f32, bias: nil),
            into: whole
        )
        let fused = backend.values(of: whole, rows: 3).bits
        var start = 0
        for part in parts {
            let y = backend.makeBuffer(rows: 3, columns: part.rows)
            backend.linear(x, backend.makeWeight([part.matrix], as: .f32, bias: nil), into: y)
            let single = backend.values(of: y, rows: 3).bits
            for row in 0..<3 {
                #expect(
                    fused[row * 35 + start..<row * 35 + start + part.rows]
                        == single[row * part.rows..<(row + 1) * part.rows]
                )
            }
            start += part.rows
        }
    }

    @Test(arguments: KernelSet.available)
    func logitsAreThoseOfTheRowsAskedFor(kernels: KernelSet) {
        var random = Random(seed: 5)
        let backend = CPUBackend(threadCount: 2, kernels: kernels)
        let weight = StoredMatrix(random.floats(50 * 24), rows: 50, columns: 24, type: .bf16)
        let head = backend.makeWeight([weight.matrix], as: .bf16, bias: nil)
        let x = backend.makeBuffer(random.floats(20 * 24), columns: 24)
        let batch = StepBatch(
            blockSize: 16,
            maxRows: 20,
            maxSequences: 1,
            maxBlocks: 2,
            maxLogitsRows: 20
        )
        batch.append(tokens: (0..<20).map { Int32($0) }, computedCount: 0, blockTable: [0, 1])
        let wanted = [0, 3, 4, 11, 19]
        for (index, row) in wanted.enumerated() {
            #expect(batch.wantLogits(ofRow: row) == index)
        }
        backend.begin(batch)
        let all = backend.makeBuffer(rows: 20, columns: 50)
        backend.linear(x, head, into: all)
        let some = backend.makeBuffer(rows: 8, columns: 50)
        backend.logits(x, head, into: some)
        let expected = backend.values(of: all, rows: 20).bits
        let result = backend.values(of: some, rows: wanted.count).bits
        for (index, row) in wanted.enumerated() {
            #expect(result[index * 50..<(index + 1) * 50] == expected[row * 50..<(row + 1) * 50])
        }
    }

    /// The value of every f16 and every bf16 survives packing: as f32 exactly, NaN as NaN.
    @Test(arguments: KernelSet.available)
    func everyHalfPrecisionValueIsKept(kernels: KernelSet) {
        let backend = CPUBackend(threadCount: 1, kernels: kernels)
        for type in [ElementType.f16, .bf16] {
            let values = (0..<65536).map { bits in
                type == .f16
                    ? Float(Float16(bitPattern: UInt16(bits)))
                    : Float(bitPattern: UInt32(bits) << 16)
            }
            let stored = StoredMatrix(values, rows: 65536, columns: 1, type: type)
            let weight = backend.makeWeight([stored.matrix], as: .f32, bias: nil)
            let y = backend.makeBuffer(rows: 1, columns: 65536)
            backend.beginRows(1)
            backend.linear(backend.makeBuffer([1], columns: 1), weight, into: y)
            for (value, kept) in zip(values, backend.values(of: y, rows: 1)) {
                #expect(kept == value || kept.isNaN && value.isNaN)
            }
        }
    }

    private func dot(
        _ x: [Float],
        _ row: Int,
        _ weight: [Float],
        _ output: Int,
        _ columns: Int
    ) -> (sum: Double, size: Double) {
        var sum = 0.0
        var size = 0.0
        for k in 0..<columns {
            let product = Double(x[row * columns + k]) * Double(weight[output * columns + k])
            sum += product
            size += abs(product)
        }
        return (sum, size)
    }
}
