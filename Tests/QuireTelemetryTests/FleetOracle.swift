import QuireTelemetry

/// A fleet whose numbers are kept in dictionaries and added up anew each time.
struct FleetOracle {
    private struct Instance {
        var isLive = false
        /// What it would say if it were scraped now.
        var counters: [String: Double] = [:]
        var gauges: [String: Double] = [:]
        /// What it said last.
        var saidCounters: [String: Double] = [:]
        var saidGauges: [String: Double] = [:]
        var models = ["m0"]
    }

    private static let bounds = ["0.5", "1.0", "4.0", "+Inf"]
    private var instances: [String: Instance] = [:]
    /// By series: what lives that are over have counted.
    private var former: [String: Double] = [:]

    /// One event: traffic, a scrape, a failure, a restart, someone comes or goes.
    mutating func act(
        on fleet: inout FleetMetrics,
        step: UInt64,
        using generator: inout Seeded
    ) {
        let names = instances.keys.sorted()
        let action = Int.random(in: 0..<10, using: &generator)
        if names.isEmpty || (action == 0 && names.count < 6) {
            let name = "host\(step)"
            instances[name] = Instance()
            fleet.configure(instances.keys.sorted())
            return
        }
        guard let name = names.randomElement(using: &generator), var instance = instances[name]
        else { return }
        switch action {
        case 1:
            for (series, value) in instance.saidCounters { former[series, default: 0] += value }
            instances[name] = nil
            fleet.configure(instances.keys.sorted())
            forget()
            return
        case 2:
            instance.isLive = false
            fleet.failed(name)
        case 3:
            // A restart, with a model more or less.
            instance.counters = [:]
            instance.models = (0...Int.random(in: 0...2, using: &generator)).map { "m\($0)" }
        default:
            work(&instance, &generator)
            fleet.scraped(name, Exposition(parsing: Array(Self.text(instance).utf8)), now: step)
            said(&instance)
        }
        instances[name] = instance
        forget()
    }

    private func work(_ instance: inout Instance, _ generator: inout Seeded) {
        for model in instance.models {
            for name in ["tokens_total", "requests_total"] {
                let amount = Double(Int.random(in: 0...100, using: &generator))
                instance.counters["\(name){model_name=\"\(model)\"}", default: 0] += amount
            }
            var cumulated = 0.0
            for bound in Self.bounds {
                cumulated += Double(Int.random(in: 0...5, using: &generator))
                instance.counters[
                    "h_bucket{model_name=\"\(model)\",le=\"\(bound)\"}",
                    default: 0
                ] +=
                    cumulated
            }
            instance.counters["h_count{model_name=\"\(model)\"}", default: 0] += cumulated
            instance.counters["h_sum{model_name=\"\(model)\"}", default: 0] += cumulated / 4
        }
        instance.gauges = [
            "running": Double(Int.random(in: 0...9, using: &generator)),
            "cache_usage_perc": Double(Int.random(in: 0...8, using: &generator)) / 8,
        ]
    }

    /// The books after a scrape.
    ///
    /// A group (all of a histogram, one counter) in which anything fell or vanished has ended a
    /// life.
    private mutating func said(_ instance: inout Instance) {
        let groups = Dictionary(grouping: instance.saidCounters.keys, by: Self.group)
        for series in groups.values {
            let isOver = series.contains { one in
                let now = instance.counters[one]
                return now == nil
                    || (!one.hasPrefix("h_sum") && (now ?? 0) < (instance.saidCounters[one] ?? 0))
            }
            guard isOver else { continue }
            for one in series { former[one, default: 0] += instance.saidCounters[one] ?? 0 }
        }
        instance.saidCounters = instance.counters
        instance.saidGauges = instance.gauges
        instance.isLive = true
    }

    private static func group(_ series: String) -> String {
        guard series.hasPrefix("h_") else { return series }
        let model = series.split(separator: "\"")[1]
        return "h \(model)"
    }

    /// Former lives count while someone has the series.
    private mutating func forget() {
        former = former.filter { series, _ in
            instances.values.contains { $0.saidCounters[series] != nil }
        }
    }

    /// The fleet's value of every series.
    func sums() -> [String: Double] {
        var sums = former
        for instance in instances.values {
            for (series, value) in instance.saidCounters { sums[series, default: 0] += value }
        }
        let live = instances.values.filter(\.isLive)
        if !live.isEmpty {
            let gauges = live.map(\.saidGauges)
            sums["running"] = gauges.reduce(0) { $0 + ($1["running"] ?? 0) }
            sums["cache_usage_perc"] =
                gauges.reduce(0) { $0 + ($1["cache_usage_perc"] ?? 0) } / Double(live.count)
        }
        return sums
    }

    private static func text(_ instance: Instance) -> String {
        var text = ""
        for (family, type) in [
            ("tokens_total", "counter"), ("requests_total", "counter"), ("h", "histogram"),
        ] {
            text += "# TYPE \(family) \(type)\n"
            for (series, value) in instance.counters.sorted(by: { $0.key < $1.key })
            where series.hasPrefix(family + "{") || (family == "h" && series.hasPrefix("h_")) {
                text += "\(series) \(value)\n"
            }
        }
        for (name, value) in instance.gauges { text += "# TYPE \(name) gauge\n\(name) \(value)\n" }
        return text
    }
}
