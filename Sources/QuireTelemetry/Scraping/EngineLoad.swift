/// How busy an instance says it is, whatever its engine calls that.
package struct EngineLoad: Sendable, Equatable {
    package var running: Int
    package var waiting: Int
    /// Share of the KV cache in use, 0...1; nil where the engine does not tell (TGI, newer
    /// llama.cpp).
    package var kvCacheUsage: Double?
    /// Tokens since the instance started; they fall when it starts again.
    package var promptTokens: Double?
    package var generatedTokens: Double?
    package var kind: EngineKind
    /// Names of the served models, where the series carry them; sorted.
    package var models: [String]

    package init(
        running: Int,
        waiting: Int,
        kvCacheUsage: Double? = nil,
        promptTokens: Double? = nil,
        generatedTokens: Double? = nil,
        kind: EngineKind,
        models: [String] = []
    ) {
        self.running = running
        self.waiting = waiting
        self.kvCacheUsage = kvCacheUsage
        self.promptTokens = promptTokens
        self.generatedTokens = generatedTokens
        self.kind = kind
        self.models = models
    }

    /// Names beyond this are left out: an instance serves a handful.
    private static let modelsMax = 64

    /// Reads the load out of a scrape; nil if no engine that we know wrote it, or if it does not
    /// say how many requests run.
    ///
    /// Several series of one name (data-parallel ranks, models) are added up, shares averaged.
    /// Cost: one pass over the samples.
    package init?(_ exposition: Exposition) {
        var kind: EngineKind?
        for (prefix, candidate) in EngineVocabulary.prefixes where kind == nil {
            let bytes = Array(prefix.utf8)
            if exposition.families.contains(where: { $0.name.starts(with: bytes) }) {
                kind = candidate
            }
        }
        guard let kind else { return nil }
        var readings = EngineVocabulary.Quantity.allCases.map {
            Reading(EngineVocabulary.meaning(of: $0), in: exposition)
        }
        var models: Set<String> = []
        for sample in exposition.samples {
            for index in readings.indices {
                guard readings[index].isRead(from: sample) else { continue }
                if exposition.isRepeatedByRank(sample) { continue }
                readings[index].take(sample.value)
                if let label = exposition.label(EngineVocabulary.modelLabel, of: sample),
                    models.count < Self.modelsMax
                {
                    models.insert(exposition.text(of: label))
                }
            }
        }
        guard let running = readings[0].sum else { return nil }
        self.kind = kind
        self.running = Self.count(running)
        waiting = Self.count(readings[1].sum ?? 0)
        kvCacheUsage = readings[2].average.map { min(max($0, 0), 1) }
        promptTokens = readings[3].sum
        generatedTokens = readings[4].sum
        self.models = models.subtracting([""]).sorted()
    }

    private static func count(_ value: Double) -> Int {
        Int(exactly: min(max(value, 0), 1e9).rounded()) ?? 0
    }

    /// The sum and the count of the samples of one meaning.
    private struct Reading {
        private let source: SampleSource?
        private var total = 0.0
        private var sampleCount = 0

        init(_ meaning: EngineVocabulary.Meaning, in exposition: Exposition) {
            source = SampleSource(anyOf: meaning.names + meaning.foreign, in: exposition)
        }

        func isRead(from sample: Exposition.Sample) -> Bool {
            source?.family == sample.family && source?.part == sample.part
        }

        mutating func take(_ value: Double) {
            guard value.isFinite else { return }
            total += value
            sampleCount += 1
        }

        var sum: Double? { sampleCount == 0 ? nil : total }
        var average: Double? { sampleCount == 0 ? nil : total / Double(sampleCount) }
    }
}

/// Samples of one name: a family, and which of its lines.
struct SampleSource {
    let family: Int32
    let part: Exposition.Part

    /// The first of these names that the scrape has samples of.
    ///
    /// A name that ends in `_sum` may be a line of a histogram.
    init?(anyOf names: [String], in exposition: Exposition) {
        for name in names {
            let bytes = Array(name.utf8)
            if let index = exposition.families.firstIndex(where: { $0.name == bytes }),
                exposition.families[index].kind != .histogram,
                exposition.samples.contains(where: { $0.family == Int32(index) })
            {
                family = Int32(index)
                part = .value
                return
            }
            guard bytes.hasSuffix("_sum") else { continue }
            let base = Array(bytes.dropLast(4))
            if let index = exposition.families.firstIndex(where: { $0.name == base }),
                exposition.families[index].kind != .gauge
            {
                family = Int32(index)
                part = .sum
                return
            }
        }
        return nil
    }
}

extension Exposition {
    /// Whether another rank of the same group has said this already.
    func isRepeatedByRank(_ sample: Sample) -> Bool {
        guard let rank = label(EngineVocabulary.rankLabel, of: sample) else { return false }
        return !equals(rank.value, "0")
    }
}
