/// Holds the series of one process and writes them in Prometheus' text format 0.0.4.
///
/// Series are registered at start, before the registry is shared, so that counting never looks
/// anything up; the handles are what the rest of the program keeps. Where label values appear only
/// at run time, the family is registered and gives out handles later: `LabelledFamily`.
/// `exposition` may run on any thread at any time after that.
package struct MetricsRegistry: Sendable {
    private enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        init?(_ instrument: any Sendable) {
            switch instrument {
            case let counter as Counter: self = .counter(counter)
            case let gauge as Gauge: self = .gauge(gauge)
            case let histogram as Histogram: self = .histogram(histogram)
            default: return nil
            }
        }
    }

    private struct Series: Sendable {
        let labels: [(name: String, value: String)]
        let instrument: Instrument
    }

    private struct Family: Sendable {
        let name: String
        let help: String
        let type: String
        var series: [Series]
        /// Series that come and go.
        var labelled: (@Sendable () -> [Series])?
    }

    private var families: [Family] = []
    /// Labels that every series carries, `model_name` and `engine` as vLLM has them.
    private let commonLabels: [(name: String, value: String)]

    package init(commonLabels: [(name: String, value: String)] = []) {
        self.commonLabels = commonLabels
    }

    package mutating func makeCounter(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)] = []
    ) -> Counter {
        let counter = Counter()
        add(name, help, "counter", Series(labels: labels, instrument: .counter(counter)))
        return counter
    }

    package mutating func makeGauge(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)] = []
    ) -> Gauge {
        let gauge = Gauge()
        add(name, help, "gauge", Series(labels: labels, instrument: .gauge(gauge)))
        return gauge
    }

    package mutating func makeHistogram(
        _ name: String,
        help: String,
        bounds: [Double],
        labels: [(name: String, value: String)] = []
    ) -> Histogram {
        let histogram = Histogram(bounds: bounds)
        add(name, help, "histogram", Series(labels: labels, instrument: .histogram(histogram)))
        return histogram
    }

    /// Registers a family whose series appear as label values do; see `LabelledFamily`.
    package mutating func makeCounters(
        _ name: String,
        help: String,
        labels: [String],
        seriesMax: Int = LabelledFamily<Counter>.usualSeriesMax
    ) -> LabelledFamily<Counter> {
        add(name, help, "counter", LabelledFamily(labels, seriesMax) { Counter() })
    }

    package mutating func makeGauges(
        _ name: String,
        help: String,
        labels: [String],
        seriesMax: Int = LabelledFamily<Gauge>.usualSeriesMax
    ) -> LabelledFamily<Gauge> {
        add(name, help, "gauge", LabelledFamily(labels, seriesMax) { Gauge() })
    }

    package mutating func makeHistograms(
        _ name: String,
        help: String,
        bounds: [Double],
        labels: [String],
        seriesMax: Int = LabelledFamily<Histogram>.usualSeriesMax
    ) -> LabelledFamily<Histogram> {
        add(
            name,
            help,
            "histogram",
            LabelledFamily(labels, seriesMax) { Histogram(bounds: bounds) }
        )
    }

    private mutating func add<Handle>(
        _ name: String,
        _ help: String,
        _ type: String,
        _ family: LabelledFamily<Handle>
    ) -> LabelledFamily<Handle> {
        precondition(!families.contains { $0.name == name }, "\(name) is registered twice")
        families.append(
            Family(name: name, help: help, type: type, series: []) {
                family.series.compactMap { values, handle in
                    Instrument(handle).map { instrument in
                        Series(
                            labels: zip(family.labelNames, values).map { (name: $0, value: $1) },
                            instrument: instrument
                        )
                    }
                }
            }
        )
        return family
    }

    /// Writes the series registered as `original` under a second name too.
    ///
    /// They are the same instruments, so counting costs no more. Series that are added to
    /// `original` later are not among them.
    package mutating func makeAlias(_ name: String, of original: String) {
        guard let family = families.first(where: { $0.name == original }) else {
            preconditionFailure("\(original) is not registered")
        }
        for series in family.series { add(name, family.help, family.type, series) }
    }

    private mutating func add(_ name: String, _ help: String, _ type: String, _ series: Series) {
        if let index = families.firstIndex(where: { $0.name == name }) {
            precondition(families[index].type == type, "\(name) is registered as two types")
            families[index].series.append(series)
        } else {
            families.append(Family(name: name, help: help, type: type, series: [series]))
        }
    }

    /// All series as Prometheus' text format.
    package func exposition() -> String {
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(Self.escape(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.type)\n"
            for series in family.series { write(series, of: family.name, into: &text) }
            for series in family.labelled?() ?? [] {
                write(series, of: family.name, into: &text)
            }
        }
        return text
    }

    private func write(_ series: Series, of name: String, into text: inout String) {
        let labels = commonLabels + series.labels
        switch series.instrument {
        case .counter(let counter):
            text += "\(name)\(Self.render(labels)) \(Double(counter.value))\n"
        case .gauge(let gauge):
            text += "\(name)\(Self.render(labels)) \(Self.number(gauge.value))\n"
        case .histogram(let histogram):
            var cumulated: UInt64 = 0
            for (index, count) in histogram.bucketCounts.enumerated() {
                cumulated += count
                let bound =
                    index < histogram.bounds.count
                    ? Self.number(histogram.bounds[index]) : "+Inf"
                let rendered = Self.render(labels + [("le", bound)])
                text += "\(name)_bucket\(rendered) \(Double(cumulated))\n"
            }
            text += "\(name)_sum\(Self.render(labels)) \(Self.number(histogram.sum))\n"
            text += "\(name)_count\(Self.render(labels)) \(Double(cumulated))\n"
        }
    }

    private static func render(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
