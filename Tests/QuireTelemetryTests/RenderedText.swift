/// Rendered text, read by lines and held to the rules of the format: written apart from the
/// parser, so that it does not share its mistakes.
struct RenderedText {
    let text: String
    private(set) var problems: [String] = []
    /// Values as written, by name and labels as written.
    private(set) var series: [String: String] = [:]
    /// Every TYPE line's family, in order.
    private(set) var families: [String] = []

    init(_ text: String) {
        self.text = text
        var types: [String: String] = [:]
        var helped: Set<Substring> = []
        var current = ""
        if !text.hasSuffix("\n") { problems.append("no line feed at the end") }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                if !helped.insert(words[2]).inserted { problems.append("twice: \(line)") }
            } else if line.hasPrefix("# TYPE ") {
                current = String(words[2])
                if types.updateValue(String(words[3]), forKey: current) != nil {
                    problems.append("twice: \(line)")
                }
                families.append(current)
            } else {
                guard let space = line.lastIndex(of: " ") else {
                    problems.append("no value: \(line)")
                    continue
                }
                let key = String(line[..<space])
                let value = String(line[line.index(after: space)...])
                if Double(value) == nil, !["NaN", "+Inf", "-Inf"].contains(value) {
                    problems.append("value: \(line)")
                }
                if series.updateValue(value, forKey: key) != nil {
                    problems.append("twice: \(key)")
                }
                let name = key.prefix { $0 != "{" }
                let suffixes = types[current] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                if !suffixes.contains(where: { current + $0 == name }) {
                    problems.append("not of \(current): \(line)")
                }
            }
        }
        checkHistograms(types)
    }

    /// Buckets do not fall and end in the count, for the series of the fleet.
    private mutating func checkHistograms(_ types: [String: String]) {
        for (name, type) in types where type == "histogram" {
            var last: [String: Double] = [:]
            for line in text.split(separator: "\n")
            where line.hasPrefix(name + "_bucket{") && !line.contains("instance=") {
                let key = line[..<(line.lastIndex(of: " ") ?? line.endIndex)]
                let labels = key.dropFirst(name.count + 8).split(separator: "le=\"")
                let group = labels.count > 1 ? String(labels[0].dropLast()) : ""
                let value = Double(series[String(key)] ?? "") ?? -1
                if value < last[group] ?? 0 { problems.append("falls: \(line)") }
                last[group] = value
                if key.hasSuffix("le=\"+Inf\"}") {
                    let count = name + "_count" + (group.isEmpty ? "" : "{\(group)}")
                    if Double(series[count] ?? "") != value { problems.append("count: \(line)") }
                }
            }
        }
    }

    /// The lines of a family, without those of instances.
    func lines(of family: String) -> [String] {
        text.split(separator: "\n").map(String.init).filter { line in
            line.hasPrefix(family) && !line.contains("instance=")
        }
    }
}
