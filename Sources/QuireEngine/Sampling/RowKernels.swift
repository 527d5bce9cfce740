/// The passes over a whole vocabulary that sampling is made of, eight lanes at a time.
///
/// Each sum runs in one fixed order, so that a row's result depends on the row alone; nothing
/// allocates. Plain multiplies and adds, no fused ones: the same bits on every machine.
package enum RowKernels {
    private typealias Lanes = SIMD8<Float>
    private static let laneCount = 8
    /// Elements that are summed in f32 before the sum goes into a Double.
    package static let sumBlock = 512

    /// The largest element, `-infinity` for none; `nil` if an element is NaN or `+infinity`.
    package static func maximum(_ row: Span<Float>) -> Float? {
        unsafe row.withUnsafeBufferPointer { unsafe maximum($0) }
    }

    /// The first index that holds `value`.
    package static func firstIndex(of value: Float, in row: Span<Float>) -> Int? {
        unsafe row.withUnsafeBufferPointer { row in
            var index = 0
            let wanted = Lanes(repeating: value)
            while index + laneCount <= row.count {
                if unsafe any(load(row, index) .== wanted) { break }
                index += laneCount
            }
            while index < row.count {
                if unsafe row[index] == value { return index }
                index += 1
            }
            return nil
        }
    }

    /// The first index from `start` on whose element is at least `bound`.
    package static func firstIndex(
        atLeast bound: Float,
        in row: Span<Float>,
        from start: Int
    ) -> Int? {
        unsafe row.withUnsafeBufferPointer { row in
            var index = start
            let lanes = Lanes(repeating: bound)
            while index + laneCount <= row.count {
                if unsafe any(load(row, index) .>= lanes) { break }
                index += laneCount
            }
            while index < row.count {
                if unsafe row[index] >= bound { return index }
                index += 1
            }
            return nil
        }
    }

    /// How many elements are at least `value`.
    package static func count(in row: Span<Float>, atLeast value: Float) -> Int {
        unsafe row.withUnsafeBufferPointer { row in
            var counts = SIMD8<Int32>()
            var index = 0
            let bound = Lanes(repeating: value)
            while index + laneCount <= row.count {
                let isCounted = unsafe load(row, index) .>= bound
                counts.replace(with: counts &+ 1, where: isCounted)
                index += laneCount
            }
            var count = Int(counts.wrappedSum())
            while index < row.count {
                if unsafe row[index] >= value { count += 1 }
                index += 1
            }
            return count
        }
    }

    /// `Σ exp(row - maximum)`.
    package static func sumOfExponentials(_ row: Span<Float>, maximum: Float) -> Double {
        unsafe row.withUnsafeBufferPointer { row in
            forEachBlock(row.count) { index in
                unsafe exponential(load(row, index) - maximum)
            } tail: { index in
                unsafe exponential(Lanes(repeating: row[index] - maximum))[0]
            }
        }
    }

    /// `weights = exp((row - maximum) × scale)`, where that is at least `floor`, else 0.
    package static func weights(
        of row: Span<Float>,
        maximum: Float,
        scale: Float,
        floor: Float,
        into weights: inout MutableSpan<Float>
    ) {
        precondition(weights.count == row.count, "a weight per element")
        unsafe weights.withUnsafeMutableBufferPointer { weights in
            unsafe row.withUnsafeBufferPointer { row in
                var index = 0
                let zero = Lanes()
                while index + laneCount <= row.count {
                    var lanes = unsafe exponential((load(row, index) - maximum) * scale)
                    lanes.replace(with: zero, where: lanes .< floor)
                    unsafe store(lanes, weights, index)
                    index += laneCount
                }
                while index < row.count {
                    let scaled = unsafe (row[index] - maximum) * scale
                    let weight = exponential(Lanes(repeating: scaled))[0]
                    unsafe weights[index] = weight < floor ? 0 : weight
                    index += 1
                }
            }
        }
    }

    /// The sum of up to `sumBlock` elements from `start`.
    package static func blockSum(_ row: Span<Float>, from start: Int) -> Double {
        unsafe row.withUnsafeBufferPointer { row in
            let end = min(row.count, start + sumBlock)
            var lanes = Lanes()
            var index = start
            while index + laneCount <= end {
                unsafe lanes += load(row, index)
                index += laneCount
            }
            var sum = Double(lanes.sum())
            while index < end {
                unsafe sum += Double(row[index])
                index += 1
            }
            return sum
        }
    }

    // MARK: Lanes

    private static func maximum(_ row: UnsafeBufferPointer<Float>) -> Float? {
        var (first, second) = (Lanes(repeating: -.infinity), Lanes(repeating: -.infinity))
        // NaN makes this NaN and stays; -infinity is met with 0 by the comparison's blend.
        var isBad = SIMDMask<SIMD8<Int32>>()
        var index = 0
        while index + 2 * laneCount <= row.count {
            let (a, b) = unsafe (load(row, index), load(row, index + laneCount))
            first.replace(with: a, where: a .> first)
            second.replace(with: b, where: b .> second)
            isBad .|= (a .!= a) .| (b .!= b)
            index += 2 * laneCount
        }
        first.replace(with: second, where: second .> first)
        var maximum = first.max()
        var hasBad = any(isBad)
        while index < row.count {
            let value = unsafe row[index]
            if value.isNaN { hasBad = true }
            if value > maximum { maximum = value }
            index += 1
        }
        return hasBad || maximum == .infinity ? nil : maximum
    }

    /// Sums what `lanes` and `tail` give for all indices, block by block.
    // Inlined: the closures must become part of the loop, a call per 8 elements doubles it.
    @inline(__always)
    private static func forEachBlock(
        _ count: Int,
        _ lanes: (Int) -> Lanes,
        tail: (Int) -> Float
    ) -> Double {
        var total = 0.0
        var index = 0
        while index < count {
            let end = min(count, index + sumBlock)
            var sum = Lanes()
            while index + laneCount <= end {
                sum += lanes(index)
                index += laneCount
            }
            total += Double(sum.sum())
            while index < end {
                total += Double(tail(index))
                index += 1
            }
        }
        return total
    }

    // Inlined: one instruction, as a call it would cost more than the loop around it.
    @inline(__always)
    private static func load(_ row: UnsafeBufferPointer<Float>, _ index: Int) -> Lanes {
        unsafe UnsafeRawBufferPointer(row).loadUnaligned(fromByteOffset: index * 4, as: Lanes.self)
    }

    // Inlined as `load` is.
    @inline(__always)
    private static func store(
        _ lanes: Lanes,
        _ row: UnsafeMutableBufferPointer<Float>,
        _ index: Int
    ) {
        unsafe UnsafeMutableRawBufferPointer(row)
            .storeBytes(of: lanes, toByteOffset: index * 4, as: Lanes.self)
    }

    /// `exp(x)` for `x ≤ 0` with a relative error under 2e-7; 0 below -87.
    ///
    /// `exp(x) = 2ⁿ × exp(r)`, `n = round(x / ln 2)`, `|r| ≤ ln 2 / 2`, and the Taylor polynomial
    /// of degree 7 for `exp(r)`.
    // Inlined: its constants stay in registers over the loop.
    @inline(__always)
    private static func exponential(_ x: Lanes) -> Lanes {
        let bounded = x.replacing(with: -87, where: x .< -87)
        // Adding 1.5 × 2²³ leaves the rounded integer in the low bits: SSE2 has no rounding.
        let shifted = bounded * 1.442_695_1 + 12_582_912
        let count = shifted - 12_582_912
        // ln 2 in two parts, the first short enough that its product with `count` is exact.
        let r = bounded - count * 0.693_359_4 + count * 2.121_944_4e-4
        var p = r * (1.0 / 5040) + (1.0 / 720)
        p = p * r + (1.0 / 120)
        p = p * r + (1.0 / 24)
        p = p * r + (1.0 / 6)
        p = p * r + 0.5
        p = p * r + 1
        p = p * r + 1
        let power = unsafe unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- 0x4b40_0000
        let bits = unsafe unsafeBitCast(p, to: SIMD8<Int32>.self) &+ (power &<< 23)
        let result = unsafe unsafeBitCast(bits, to: Lanes.self)
        return result.replacing(with: 0, where: x .< -87)
    }
}
