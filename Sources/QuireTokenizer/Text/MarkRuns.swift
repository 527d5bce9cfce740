@_spi(_Unicode) import Swift

/// Puts long runs of combining marks into canonical order.
///
/// The standard library's normalisation orders each run by insertion: a megabyte of marks would
/// take it hours. It is linear on marks in order, so long runs are ordered here first, which no
/// normalisation form can tell.
enum MarkRuns {
    /// Shorter runs are cheap as they are; real text has a few marks per letter.
    private static let shortMax = 32

    /// The text with its long runs in order, or `nil` if it has none.
    static func ordered(_ text: Span<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        var copied = 0
        var index = 0
        var runStart = 0
        var runCount = 0
        while index <= text.count {
            let scalar =
                index < text.count
                ? text.scalar(at: index) : DecodedScalar(value: 0, end: index + 1)
            if Span<UInt8>.classes(of: scalar.value) & ScalarClasses.marks != 0 {
                if runCount == 0 { runStart = index }
                runCount += 1
            } else {
                if runCount > shortMax {
                    output.append(text, from: copied, to: runStart)
                    appendOrdered(text.extracting(runStart..<index), to: &output)
                    copied = index
                }
                runCount = 0
            }
            index = scalar.end
        }
        guard copied > 0 else { return nil }
        output.append(text, from: copied, to: text.count)
        return output
    }

    /// Decomposes a run and sorts it by combining class; marks of one class keep their order, and
    /// nothing crosses a mark of class 0.
    private static func appendOrdered(_ run: Span<UInt8>, to output: inout [UInt8]) {
        var buckets = [[Unicode.Scalar]](repeating: [], count: 256)
        var isEmpty = true
        var index = 0
        while index < run.count {
            let decoded = run.scalar(at: index)
            index = decoded.end
            guard let scalar = Unicode.Scalar(decoded.value) else { continue }
            for part in String(scalar)._nfd {
                let combiningClass = Int(part.properties.canonicalCombiningClass.rawValue)
                if combiningClass == 0 {
                    if !isEmpty { empty(&buckets, into: &output) }
                    isEmpty = true
                    output.append(scalar: part)
                } else {
                    buckets[combiningClass].append(part)
                    isEmpty = false
                }
            }
        }
        empty(&buckets, into: &output)
    }

    private static func empty(_ buckets: inout [[Unicode.Scalar]], into output: inout [UInt8]) {
        for index in buckets.indices where !buckets[index].isEmpty {
            for scalar in buckets[index] { output.append(scalar: scalar) }
            buckets[index].removeAll(keepingCapacity: true)
        }
    }
}
