import Glibc
import QuireEngine
import Testing

@Suite struct RowKernelsTests {
    private static let sizes = Array(1...40) + [511, 512, 513, 1000, 4099]

    private func row(_ count: Int, seed: UInt64, in range: ClosedRange<Float>) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float.random(in: range, using: &random) }
    }

    @Test(arguments: sizes)
    func theMaximumIsFoundWhereverItIs(count: Int) {
        for seed in 0..<8 as Range<UInt64> {
            // Few different values, so that there are ties.
            let row = row(count, seed: seed, in: -3...3).map { $0.rounded() }
            let wanted = row.max() ?? 0
            #expect(RowKernels.maximum(row.span) == wanted)
            #expect(RowKernels.firstIndex(of: wanted, in: row.span) == row.firstIndex(of: wanted))
            let bound = row[count / 2]
            #expect(RowKernels.count(in: row.span, atLeast: bound) == row.count { $0 >= bound })
        }
    }

    @Test(arguments: [1, 8, 15, 16, 17, 40])
    func oneBadElementAnywhereIsSeen(count: Int) {
        for index in 0..<count {
            var row = row(count, seed: 1, in: -3...3)
            row[index] = .nan
            #expect(RowKernels.maximum(row.span) == nil)
            row[index] = .infinity
            #expect(RowKernels.maximum(row.span) == nil)
            row[index] = -.infinity
            #expect(RowKernels.maximum(row.span) != nil || count == 1)
        }
        let nothing = [Float](repeating: -.infinity, count: count)
        #expect(RowKernels.maximum(nothing.span) == -.infinity)
    }

    @Test(arguments: sizes)
    func exponentialsAreThoseOfDoubles(count: Int) {
        let row = row(count, seed: 7, in: -80...0)
        var weights = [Float](repeating: .nan, count: count)
        var span = weights.mutableSpan
        RowKernels.weights(of: row.span, maximum: 0, scale: 0.5, floor: 0, into: &span)
        for (weight, logit) in zip(weights, row) {
            let wanted = exp(Double(logit * 0.5))
            #expect(abs(Double(weight) / wanted - 1) < 2e-7 * 2)
        }
        let sum = RowKernels.sumOfExponentials(row.span, maximum: -1)
        let wanted = row.reduce(0.0) { $0 + exp(Double($1) + 1) }
        #expect(abs(sum / wanted - 1) < 1e-6)
    }

    @Test func whatIsTooSmallIsZeroAndNotNoise() {
        let row: [Float] = [0, -86.9, -87.1, -1000, -1e30, -.infinity, -20, -1, 0]
        var weights = [Float](repeating: .nan, count: row.count)
        var span = weights.mutableSpan
        RowKernels.weights(of: row.span, maximum: 0, scale: 1, floor: 0, into: &span)
        #expect(weights[0] == 1 && weights[8] == 1)
        #expect(weights[1] > 0 && weights[6] > 0)
        #expect(weights[2...5].allSatisfy { $0 == 0 })
        var floored = weights.mutableSpan
        RowKernels.weights(of: row.span, maximum: 0, scale: 1, floor: 0.1, into: &floored)
        #expect(
            weights.map { $0 > 0 } == [true] + Array(repeating: false, count: 6) + [true, true]
        )
    }

    @Test func aBlockSumIsTheSumOfItsPart() {
        let row = row(1300, seed: 3, in: 0...1)
        for start in stride(from: 0, to: 1300, by: RowKernels.sumBlock) {
            let wanted = row[start..<min(1300, start + RowKernels.sumBlock)]
                .reduce(0.0) { $0 + Double($1) }
            #expect(abs(RowKernels.blockSum(row.span, from: start) - wanted) < 1e-4)
        }
    }
}
