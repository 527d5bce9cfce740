import QuireClient
import QuireJSON

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
    /// A report as JSON text, indented by a blank per level, for scripts that compare runs.
    static func text(_ json: JSON, indent: String = "") -> String {
        let inner = indent + " "
        switch json {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .int(let value): return "\(value)"
        case .double(let value): return value.isFinite ? "\(value)" : "null"
        case .string(let value): return quoted(value)
        case .array(let values):
            return lines("[", values.map { inner + text($0, indent: inner) }, indent + "]")
        case .object(let object):
            let members = object.members.map { member in
                "\(inner)\(quoted(member.key)): \(text(member.value, indent: inner))"
            }
            return lines("{", members, indent + "}")
        }
    }

    private static func lines(_ open: String, _ items: [String], _ close: String) -> String {
        "\(open)\n\(items.joined(separator: ",\n"))\n\(close)"
    }

    private static func quoted(_ text: String) -> String { JSON.string(text).compactText }

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
