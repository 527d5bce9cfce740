/// Takes one scrape of one instance into the catalogue: finds each line's slot, writes the lines
/// again with the instance's label, and settles what the instance's counters had come to before.
///
/// Owns both while it runs. Cost per scrape: a look-up per family and per histogram or counter,
/// none per bucket.
struct ScrapeReader {
    private struct Line {
        let family: Int
        let slot: Int
        /// The value as it is written.
        let text: Exposition.Slice
        let value: Double
    }

    private(set) var catalogue: SeriesCatalogue
    private(set) var instance: ScrapedInstance
    private(set) var droppedSampleCount = 0
    private let exposition: Exposition

    private var lines: [Line] = []
    /// By slot: the value in this scrape; NaN if it is not in it, so a NaN that was scraped is kept
    /// as an infinity, which is in no sum either.
    private var values: [Double]
    /// By group: 1 if the instance had it, 2 if it has it now.
    private var marks: [UInt8]
    private var held: [Int] = []
    /// By family of the scrape: its family in the catalogue; nil where it cannot have one.
    private var familyMap: [Int?] = []

    init(_ catalogue: SeriesCatalogue, _ exposition: Exposition, _ instance: ScrapedInstance) {
        self.catalogue = catalogue
        self.exposition = exposition
        self.instance = instance
        values = Array(repeating: .nan, count: catalogue.slots.count)
        marks = Array(repeating: 0, count: catalogue.groups.count)
    }

    mutating func read() {
        for group in instance.groups { marks[group.index] |= 1 }
        mapFamilies()
        readSamples()
        readMeanings()
        settle()
        write()
        instance.badLineCount = exposition.badLineCount
    }

    // MARK: Lines

    private mutating func mapFamilies() {
        var hasSamples = exposition.families.map { _ in false }
        for sample in exposition.samples { hasSamples[Int(sample.family)] = true }
        for (index, family) in exposition.families.enumerated() {
            guard hasSamples[index] else {
                familyMap.append(nil)
                continue
            }
            familyMap.append(
                catalogue.family(
                    family.name,
                    family.kind,
                    help: Array(exposition.bytes[family.help.range])
                )
            )
        }
    }

    private mutating func readSamples() {
        var labels: [UInt8] = []
        var lastLabels: [UInt8] = []
        var last: (family: Int, group: Int)?
        var hint = 0
        for sample in exposition.samples {
            guard let family = familyMap[Int(sample.family)] else {
                droppedSampleCount += 1
                continue
            }
            labels.removeAll(keepingCapacity: true)
            appendLabels(of: sample, to: &labels)
            if last?.family != family || labels != lastLabels {
                guard let group = catalogue.group(family, labels) else {
                    droppedSampleCount += 1
                    continue
                }
                last = (family, group)
                swap(&labels, &lastLabels)
                hint = 0
            }
            guard let group = last?.group else { continue }
            add(sample.value, sample.text, family, group, sample.part, sample.bound, &hint)
        }
    }

    /// Takes a line, if it is the first of its series in this scrape.
    private mutating func add(
        _ value: Double,
        _ text: Exposition.Slice,
        _ family: Int,
        _ group: Int,
        _ part: Exposition.Part,
        _ bound: Double,
        _ hint: inout Int
    ) {
        hold(group)
        guard let slot = catalogue.slot(group, part, bound: bound, hint: &hint) else {
            droppedSampleCount += 1
            return
        }
        while values.count < catalogue.slots.count { values.append(.nan) }
        if !values[slot].isNaN {
            droppedSampleCount += 1
            return
        }
        values[slot] = value.isNaN ? -.infinity : value
        lines.append(Line(family: family, slot: slot, text: text, value: value))
    }

    /// Notes that the instance has this group.
    ///
    /// A group is held from its first line on, so that none is left that nobody holds.
    private mutating func hold(_ group: Int) {
        while marks.count < catalogue.groups.count { marks.append(0) }
        if marks[group] & 2 != 0 { return }
        if marks[group] & 1 == 0 { catalogue.hold(group) }
        marks[group] |= 2
        held.append(group)
    }

    // MARK: Labels

    /// The labels of a sample sorted by name, as they are rendered.
    private func appendLabels(of sample: Exposition.Sample, to output: inout [UInt8]) {
        let range = sample.labels
        var isSorted = true
        for index in range.dropFirst() where isSorted {
            isSorted = isBefore(exposition.labels[index - 1], exposition.labels[index])
        }
        if isSorted {
            for index in range { append(exposition.labels[index], sample, to: &output) }
        } else {
            for label in exposition.labels[range].sorted(by: isBefore) {
                append(label, sample, to: &output)
            }
        }
    }

    private func isBefore(_ a: Exposition.Label, _ b: Exposition.Label) -> Bool {
        exposition.bytes[a.name.range].lexicographicallyPrecedes(exposition.bytes[b.name.range])
    }

    private func append(
        _ label: Exposition.Label,
        _ sample: Exposition.Sample,
        to output: inout [UInt8]
    ) {
        if exposition.equals(label.name, "instance") {
            // As Prometheus does it; of two, the one that was exported before stays.
            if exposition.label("exported_instance", of: sample) != nil { return }
            if !output.isEmpty { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: "exported_instance".utf8)
        } else {
            if !output.isEmpty { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: exposition.bytes[label.name.range])
        }
        output.append(UInt8(ascii: "="))
        output.append(UInt8(ascii: "\""))
        appendValue(label, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    /// A label's value; an escape that the format does not know becomes a written backslash.
    private func appendValue(_ label: Exposition.Label, to output: inout [UInt8]) {
        let value = exposition.bytes[label.value.range]
        guard value.contains(UInt8(ascii: "\\")) else {
            output.append(contentsOf: value)
            return
        }
        var isEscaped = false
        for byte in value {
            if isEscaped {
                let isKnown =
                    byte == UInt8(ascii: "n") || byte == UInt8(ascii: "\\")
                    || byte == UInt8(ascii: "\"")
                if !isKnown { output.append(UInt8(ascii: "\\")) }
                isEscaped = false
            } else {
                isEscaped = byte == UInt8(ascii: "\\")
            }
            output.append(byte)
        }
    }
}

// MARK: - Meanings

extension ScrapeReader {
    /// Adds the series that the instance does not have under vLLM's names but in its own words.
    private mutating func readMeanings() {
        for meaning in EngineVocabulary.meanings {
            let missing = meaning.names.filter { name in
                SampleSource(anyOf: [name], in: exposition) == nil
                    && !hasHistogram(name, meaning)
            }
            if missing.isEmpty { continue }
            if missing.count < meaning.names.count {
                // The same instance under another of vLLM's names, labels and all.
                let present = meaning.names.filter { !missing.contains($0) }
                translate(present, to: missing, meaning, keepsLabels: true)
            } else {
                translate(meaning.foreign, to: missing, meaning, keepsLabels: false)
            }
        }
    }

    private func hasHistogram(_ name: String, _ meaning: EngineVocabulary.Meaning) -> Bool {
        guard meaning.kind == .histogram else { return false }
        return histogram(anyOf: [name]) != nil
    }

    private func histogram(anyOf names: [String]) -> Int32? {
        for name in names {
            let bytes = Array(name.utf8)
            if let index = exposition.families.firstIndex(where: { $0.name == bytes }),
                exposition.families[index].kind == .histogram, familyMap[index] != nil
            {
                return Int32(index)
            }
        }
        return nil
    }

    private mutating func translate(
        _ sources: [String],
        to targets: [String],
        _ meaning: EngineVocabulary.Meaning,
        keepsLabels: Bool
    ) {
        let family: Int32
        var part: Exposition.Part?
        if meaning.kind == .histogram {
            guard let found = histogram(anyOf: sources) else { return }
            family = found
        } else {
            guard let source = SampleSource(anyOf: sources, in: exposition) else { return }
            family = source.family
            part = source.part
        }
        let samples = exposition.samples.filter { sample in
            sample.family == family && (part == nil || part == sample.part)
                && !exposition.isRepeatedByRank(sample)
        }
        for target in targets {
            guard
                let into = catalogue.family(
                    Array(target.utf8),
                    meaning.kind,
                    help: Array(meaning.help.utf8)
                )
            else {
                droppedSampleCount += samples.count
                continue
            }
            add(samples, to: into, FleetRule(target, meaning.kind), meaning, keepsLabels)
        }
    }

    /// Adds up what falls together when labels are left out; shares are averaged.
    private mutating func add(
        _ samples: [Exposition.Sample],
        to family: Int,
        _ rule: FleetRule,
        _ meaning: EngineVocabulary.Meaning,
        _ keepsLabels: Bool
    ) {
        struct Key: Hashable {
            let labels: ByteKey
            let part: UInt8
            let bound: Double
        }
        var totals: [Key: (value: Double, count: Int)] = [:]
        var order: [Key] = []
        for sample in samples {
            var labels: [UInt8] = []
            if keepsLabels {
                appendLabels(of: sample, to: &labels)
            } else {
                appendVLLMLabels(of: sample, to: &labels)
            }
            let key = Key(
                labels: ByteKey(labels),
                part: meaning.kind == .histogram ? sample.part.rawValue : 0,
                bound: sample.bound
            )
            if totals[key] == nil { order.append(key) }
            let old = totals[key] ?? (0, 0)
            totals[key] = (old.value + sample.value, old.count + 1)
        }
        for key in order {
            guard let total = totals[key], let part = Exposition.Part(rawValue: key.part),
                let group = catalogue.group(family, key.labels.bytes)
            else {
                droppedSampleCount += 1
                continue
            }
            let isAverage = meaning.kind == .gauge && rule == .average
            var hint = 0
            add(
                isAverage ? total.value / Double(total.count) : total.value,
                Exposition.Slice(0, 0),
                family,
                group,
                part,
                key.bound,
                &hint
            )
        }
    }

    /// The labels that vLLM's series have: the engine's number and the model's name.
    private func appendVLLMLabels(of sample: Exposition.Sample, to output: inout [UInt8]) {
        output.append(contentsOf: "engine=\"".utf8)
        if let rank = exposition.label("dp_rank", of: sample) {
            appendValue(rank, to: &output)
        } else {
            output.append(UInt8(ascii: "0"))
        }
        output.append(UInt8(ascii: "\""))
        if let model = exposition.label(EngineVocabulary.modelLabel, of: sample) {
            output.append(contentsOf: ",model_name=\"".utf8)
            appendValue(model, to: &output)
            output.append(UInt8(ascii: "\""))
        } else if instance.models.count == 1 {
            output.append(contentsOf: ",model_name=\"".utf8)
            output.append(contentsOf: ExpositionWriter.escaped(instance.models[0]))
            output.append(UInt8(ascii: "\""))
        }
    }
}

// MARK: - Settling

extension ScrapeReader {
    /// Makes the new numbers the instance's, after what the old ones came to is kept where a
    /// counter fell or vanished.
    private mutating func settle() {
        let startedAt = processStart()
        let isOtherProcess =
            startedAt != 0 && instance.startedAt != 0 && startedAt != instance.startedAt
        instance.startedAt = startedAt
        for group in held where isHistogram(group) { mend(group) }
        for group in instance.groups {
            let hasFallen = group.counts.contains { index in
                let old = instance.counts[index]
                let now = values[old.slot]
                return now.isNaN || (catalogue.slots[old.slot].part != .sum && now < old.value)
            }
            if isOtherProcess || hasFallen {
                for index in group.counts {
                    catalogue.retire(instance.counts[index].slot, instance.counts[index].value)
                }
            }
        }
        let former = instance.groups
        instance.groups = []
        instance.counts.removeAll(keepingCapacity: true)
        instance.gauges.removeAll(keepingCapacity: true)
        for group in held {
            let start = instance.counts.count
            for slot in catalogue.groups[group].slots where values[slot].isFinite {
                let held = ScrapedInstance.Held(slot: slot, value: values[slot])
                switch catalogue.rules[slot] {
                case .count: instance.counts.append(held)
                case .sum, .average, .maximum: instance.gauges.append(held)
                case .none: break
                }
            }
            instance.groups.append((group, start..<instance.counts.count))
        }
        for group in former where marks[group.index] & 2 == 0 { catalogue.release(group.index) }
    }

    private func isHistogram(_ group: Int) -> Bool {
        catalogue.families[catalogue.groups[group].family].kind == .histogram
    }

    /// Makes a histogram obey its laws before it is added to others: buckets do not fall, the last
    /// is infinite and equals the count.
    ///
    /// A scrape may have torn it.
    private mutating func mend(_ group: Int) {
        var running = 0.0
        for slot in catalogue.groups[group].slots
        where catalogue.slots[slot].part == .bucket && !values[slot].isNaN {
            if values[slot].isFinite { running = max(running, values[slot]) }
            values[slot] = running
        }
        var hint = 0
        guard
            let last = catalogue.slot(group, .bucket, bound: .infinity, hint: &hint),
            let count = catalogue.slot(group, .count, bound: 0, hint: &hint)
        else { return }
        while values.count < catalogue.slots.count { values.append(.nan) }
        if values[count].isFinite { running = max(running, values[count]) }
        values[last] = running
        values[count] = running
    }

    /// When the process started, by prometheus_client's own series: a restart that counters have
    /// caught up with since does not show in them.
    ///
    /// 0 if unknown.
    private func processStart() -> Double {
        guard
            let source = SampleSource(anyOf: ["process_start_time_seconds"], in: exposition),
            let sample = exposition.samples.first(where: { $0.family == source.family })
        else { return 0 }
        return sample.value.isFinite ? sample.value : 0
    }

    // MARK: Text

    /// Writes the instance's lines, those of a family together.
    private mutating func write() {
        let isOrdered = zip(lines, lines.dropFirst()).allSatisfy { $0.family <= $1.family }
        if !isOrdered {
            // A stable order: places as the second key.
            let places = lines.indices.sorted { a, b in
                (lines[a].family, a) < (lines[b].family, b)
            }
            lines = places.map { lines[$0] }
        }
        var text: [UInt8] = []
        text.reserveCapacity(instance.text.count + instance.text.count / 16 + 1024)
        instance.chunks = Array(repeating: 0..<0, count: catalogue.families.count)
        var start = 0
        for (index, line) in lines.enumerated() {
            appendLine(line, to: &text)
            if index + 1 == lines.count || lines[index + 1].family != line.family {
                instance.chunks[line.family] = start..<text.count
                start = text.count
            }
        }
        instance.text = text
    }

    private func appendLine(_ line: Line, to text: inout [UInt8]) {
        let head = catalogue.slots[line.slot].head
        let nameLength =
            catalogue.families[line.family].name.count
            + catalogue.slots[line.slot].part.suffix.utf8.count
        text.append(contentsOf: head[..<nameLength])
        text.append(UInt8(ascii: "{"))
        text.append(contentsOf: instance.label)
        if head[nameLength] == UInt8(ascii: "{") {
            text.append(UInt8(ascii: ","))
            text.append(contentsOf: head[(nameLength + 1)...])
        } else {
            text.append(contentsOf: "} ".utf8)
        }
        if line.text.isEmpty {
            ExpositionWriter.append(line.value, to: &text)
        } else {
            text.append(contentsOf: exposition.bytes[line.text.range])
        }
        text.append(UInt8(ascii: "\n"))
    }
}
