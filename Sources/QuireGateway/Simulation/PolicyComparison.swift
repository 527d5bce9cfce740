/// Every policy in every scenario: the table of `quire bench policies`.
package enum PolicyComparison {
    package struct Row: Sendable {
        package let scenario: String
        package let policy: PolicyKind
        package let requests: Int
        package let failed: Int
        package let attempts: Int
        /// Of the time to the first token and of the whole answer.
        package let firstTokenP50: Double
        package let firstTokenP99: Double
        package let totalP50: Double
        package let totalP99: Double
        /// Busiest engine over mean, engines with a fault left out.
        package let spread: Double
        /// Share of the attempts that went to the last engine, the one with the fault.
        package let lastShare: Double
        package let hitShare: Double
    }

    /// Runs all; about 20 ms each.
    package static func rows(
        seed: UInt64,
        scenarios: [SimulatedScenario] = SimulatedScenario.all,
        policies: [PolicyKind] = PolicyKind.allCases
    ) throws(BrokenFleetInvariant) -> [Row] {
        var rows: [Row] = []
        for scenario in scenarios {
            for policy in policies {
                var simulator = Simulator(scenario, policy: policy, seed: seed)
                rows.append(row(scenario, policy, try simulator.run()))
            }
        }
        return rows
    }

    private static func row(
        _ scenario: SimulatedScenario,
        _ policy: PolicyKind,
        _ result: SimulationResult
    ) -> Row {
        func quantile(_ share: Double, _ values: [Double]) -> Double {
            SimulationResult.quantile(share, of: values)
        }
        return Row(
            scenario: scenario.name,
            policy: policy,
            requests: result.requests,
            failed: result.failed,
            attempts: result.attempts,
            firstTokenP50: quantile(0.5, result.firstTokenSeconds),
            firstTokenP99: quantile(0.99, result.firstTokenSeconds),
            totalP50: quantile(0.5, result.totalSeconds),
            totalP99: quantile(0.99, result.totalSeconds),
            spread: result.spread,
            lastShare: Double(result.attemptsOfEngine.last ?? 0) / Double(max(1, result.attempts)),
            hitShare: result.hitShare
        )
    }

    /// The table as Markdown; milliseconds.
    package static func text(_ rows: [Row]) -> String {
        var lines = [
            "| scenario | policy | requests | failed | attempts | TTFT p50 | TTFT p99 |"
                + " total p50 | total p99 | max/mean | to last | KV hits |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for row in rows {
            let times = [row.firstTokenP50, row.firstTokenP99, row.totalP50, row.totalP99]
            let cells =
                [row.scenario, row.policy.rawValue, "\(row.requests)", "\(row.failed)"]
                + ["\(row.attempts)"] + times.map { "\(Int(($0 * 1000).rounded()))" }
                + [row.spread, row.lastShare, row.hitShare].map { fixed($0) }
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Two decimals.
    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
