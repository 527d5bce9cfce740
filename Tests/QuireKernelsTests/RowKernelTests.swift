import Glibc
import QuireKernels
import Testing

@Suite struct RowKernelTests {
    @Test(arguments: KernelSet.available, [ElementType.f32, .f16, .bf16])
    func embeddingsAreTheTokensRows(kernels: KernelSet, type: ElementType) {
        var random = Random(seed: 1)
        let backend = CPUBackend(threadCount: 2, kernels: kernels)
        for columns in [1, 7, 8, 29] {
            let table = StoredMatrix(
                random.floats(40 * columns),
                rows: 40,
                columns: columns,
                type: type
            )
            let x = backend.makeBuffer(rows: 40, columns: columns)
            backend.beginRows(40)
            backend.embed(backend.makeEmbedding(table.matrix), into: x)
            #expect(backend.values(of: x, rows: 40).bits == table.matrix.floats.bits)
        }
    }

    @Test(arguments: KernelSet.available)
    func aTokenOutsideTheTableEmbedsAsZeros(kernels: KernelSet) {
        let backend = CPUBackend(threadCount: 1, kernels: kernels)
        let table = StoredMatrix([1, 2, 3, 4], rows: 2, columns: 2, type: .f32)
        let batch = StepBatch(
            blockSize: 16,
            maxRows: 4,
            maxSequences: 1,
            maxBlocks: 1,
            maxLogitsRows: 1
        )
        batch.append(tokens: [1, -1, 2, Int32.max], computedCount: 0, blockTable: [0])
        backend.begin(batch)
        let x = backend.makeBuffer([9, 9, 9, 9, 9, 9, 9, 9], columns: 2)
        backend.embed(backend.makeEmbedding(table.matrix), into: x)
        #expect(backend.values(of: x, rows: 4) == [3, 4, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: KernelSet.available)
    func normsAreThoseOfDoubles(kernels: KernelSet) {
        var random = Random(seed: 2)
        for columns in [1, 8, 31, 64, 100, 896] {
            for rows in [1, 9, 70] {
                let backend = CPUBackend(threadCount: 3, kernels: kernels)
                let x = random.floats(rows * columns)
                let delta = random.floats(rows * columns)
                let weight = random.floats(columns)
                let residual = backend.makeBuffer(x, columns: columns)
                let y = backend.makeBuffer(rows: rows, columns: columns)
                let z = backend.makeBuffer(rows: rows, columns: columns)
                let vector = backend.makeVector(HostMatrix(floats: weight))
                backend.beginRows(rows)
                backend.norm(residual, weight: vector, epsilon: 1e-5, into: z)
                #expect(backend.values(of: residual, rows: rows) == x)
                backend.addNorm(
                    residual: residual,
                    adding: backend.makeBuffer(delta, columns: columns),
                    weight: vector,
                    epsilon: 1e-5,
                    into: y
                )
                let sums = zip(x, delta).map { $0 + $1 }
                #expect(backend.values(of: residual, rows: rows).bits == sums.bits)
                check(backend.values(of: z, rows: rows), x, weight, columns)
                check(backend.values(of: y, rows: rows), sums, weight, columns)
            }
        }
    }

    private func check(_ y: [Float], _ x: [Float], _ weight: [Float], _ columns: Int) {
        for row in 0..<x.count / columns {
            let values = x[row * columns..<(row + 1) * columns].map { Double($0) }
            let mean = values.reduce(0) { $0 + $1 * $1 } / Double(columns)
            for k in 0..<columns {
                let expected = values[k] / (mean + 1e-5).squareRoot() * Double(weight[k])
                #expect(abs(Double(y[row * columns + k]) - expected) <= 2e-6)
            }
        }
    }

    @Test(arguments: KernelSet.available)
    func anglesAreExactToTheLastPlaces(kernels: KernelSet) {
        let backend = CPUBackend(threadCount: 2, kernels: kernels)
        let frequencies = (0..<16).map { powf(10_000, -Float($0) / 16) }
        let batch = StepBatch(
            blockSize: 16,
            maxRows: 40,
            maxSequences: 1,
            maxBlocks: 8192,
            maxLogitsRows: 1
        )
        batch.append(
            tokens: [Int32](repeating: 0, count: 40),
            computedCount: 100_000,
            blockTable: [Int32](repeating: 0, count: 7000)
        )
        backend.begin(batch)
        let angles = backend.makeBuffer(rows: 40, columns: 32)
        backend.rotaryAngles(
            backend.makeVector(HostMatrix(floats: frequencies)),
            scale: 1.5,
            into: angles
        )
        let values = backend.values(of: angles, rows: 40)
        for row in 0..<40 {
            for (index, frequency) in frequencies.enumerated() {
                let angle = Double(Float(100_000 + row) * frequency)
                #expect(abs(Double(values[row * 32 + index]) - 1.5 * cos(angle)) <= 3e-7)
                #expect(abs(Double(values[row * 32 + 16 + index]) - 1.5 * sin(angle)) <= 3e-7)
            }
        }
    }

    /// The stated error of the vector exponential, over its whole range.
    @Test(arguments: KernelSet.available)
    func theExponentialIsWithinTwoUnitsInTheLastPlace(kernels: KernelSet) {
        let inputs = (0...400_000).map { Float($0) * 4e-4 - 80 }
        var worst = 0.0
        for (x, y) in zip(inputs, kernels.exponentials(of: inputs)) {
            let expected = exp(Double(x))
            worst = max(worst, abs(Double(y) - expected) / Double(Float(expected).ulp))
        }
        #expect(worst <= 2, "\(worst) units")

        let special = kernels.exponentials(of: [0, -.infinity, -1000, 88, .nan, -.nan, 5, -87.3])
        #expect(special[0] == 1)
        #expect(special[1] == 0 && special[2] == 0)
        #expect(abs(special[3] / expf(88) - 1) < 1e-6)
        #expect(special[4].isNaN && special[5].isNaN)
        #expect(abs(special[7] / expf(-87.3) - 1) < 1e-6)
    }
}
