import FoundationEssentials

/// A table of text for a terminal: the first column to the left, the others to the right.
struct BenchTable {
    private var rows: [[String]]

    init(columns: [String]) { rows = [columns] }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The lines, columns two blanks apart.
    var text: String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension BenchTable {
    /// A number with a fixed count of decimals, rounded.
    static func number(_ value: Double, decimals: Int = 1) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + "\(scaled)" }
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
    }

    /// A share of a limit in percent; a dash if it does not apply.
    static func percent(_ ratio: Double?) -> String {
        guard let ratio else { return "–" }
        return number(ratio * 100, decimals: 0) + " %"
    }
}

enum BenchReport {
    /// The report as JSON text, keys in order, for scripts that compare runs.
    static func json(_ report: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    /// The middle value, or the mean of the two in the middle; 0 of none.
    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// What `body` makes, and the seconds that it takes.
    static func timed<R>(_ body: () throws -> R) rethrows -> (result: R, seconds: Double) {
        let start = ContinuousClock.now
        let result = try body()
        let (seconds, attoseconds) = start.duration(to: .now).components
        return (result, Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// The median of the seconds that `body` takes, run `count` times.
    static func medianSeconds(of count: Int, _ body: () throws -> Void) rethrows -> Double {
        median(try (0..<count).map { _ in try timed(body).seconds })
    }
}
