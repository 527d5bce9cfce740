/// The series of every instance, and those of the fleet, for one scrape to take.
///
/// A value without I/O and clock: who scrapes tells it of every scrape, and renders it. Not for a
/// data path: it is guarded by whoever holds it.
///
/// - Every instance's series are shown as they are, with a label `instance` (one that was there
///   becomes `exported_instance`). Beside them, under the same name and without `instance`, is the
///   fleet's value, so `sum()` over a name must choose one kind: `{instance=""}` or
///   `{instance!=""}`; `Contents` renders either alone.
/// - Gauges of the fleet are sums or averages (`FleetRule`) over the instances that live.
/// - Counters and histograms are sums over all instances. What an instance counted before it
///   started again, died or left the configuration stays in, for as long as another one has the
///   same series: a sum that fell would look like a counter's reset, and a rate over it like a
///   burst of everything that the others ever counted.
/// - Histograms whose bounds differ are merged over the bounds they share: each of those counts is
///   exact, none is guessed.
/// - A dead instance is absent, not zero: its series vanish, `quire_instance_up` says 0 and
///   `quire_instance_scrape_age_seconds` how long ago it was heard. So are its gauges in the
///   fleet's.
/// - Other engines' series are shown under vLLM's names too (`EngineVocabulary`), and vLLM's old
///   names and new names for each other, so that one dashboard reads a mixed fleet.
package struct FleetMetrics: Sendable {
    package struct Contents: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let instances = Contents(rawValue: 1)
        package static let fleet = Contents(rawValue: 2)
        package static let all: Contents = [.instances, .fleet]
    }

    var catalogue: SeriesCatalogue
    var instances: [ScrapedInstance] = []
    let staleAfterNanoseconds: UInt64
    /// Samples that were not taken: a second line of one series, a name that is of another type at
    /// another instance, more series than the bound.
    package internal(set) var droppedSampleCount = 0

    /// - Parameters:
    ///   - staleAfterNanoseconds: after so long without a scrape an instance counts as dead; three
    ///     times the usual interval.
    ///   - seriesMax: lines of the fleet, whatever instances make up.
    package init(staleAfterNanoseconds: UInt64 = 45_000_000_000, seriesMax: Int = 200_000) {
        self.staleAfterNanoseconds = staleAfterNanoseconds
        catalogue = SeriesCatalogue(slotsMax: seriesMax, reserving: Self.ownNames)
    }

    static let ownNames = [
        "quire_instance_up", "quire_instance_scrape_age_seconds", "quire_instance_bad_lines",
        "quire_aggregate_dropped_samples_total",
    ]

    // MARK: What happens

    /// Makes these the instances of the fleet: newcomers are down until they are scraped, those
    /// that are missing leave, with what they counted.
    ///
    /// `models` says by instance what it serves, for engines whose series do not; used if it is one.
    package mutating func configure(_ names: [String], models: [String: [String]] = [:]) {
        let kept = Set(names)
        for instance in instances where !kept.contains(instance.name) {
            for group in instance.groups {
                for index in group.counts {
                    catalogue.retire(instance.counts[index].slot, instance.counts[index].value)
                }
                catalogue.release(group.index)
            }
        }
        instances.removeAll { !kept.contains($0.name) }
        for name in names {
            let served = models[name] ?? []
            if let index = position(of: name) {
                instances[index].models = served
            } else {
                instances.append(ScrapedInstance(name, models: served))
            }
        }
    }

    /// An instance answered.
    ///
    /// A scrape that met a limit is a failed one, because half of it would look like counters that
    /// vanished; unknown instances are ignored.
    package mutating func scraped(_ name: String, _ exposition: Exposition, now: UInt64) {
        guard let index = position(of: name) else { return }
        if exposition.isTruncated { return failed(name) }
        var reader = ScrapeReader(catalogue, exposition, instances[index])
        // The reader has it now; a second owner would have it copied.
        catalogue = SeriesCatalogue(slotsMax: 0, reserving: [])
        reader.read()
        catalogue = reader.catalogue
        instances[index] = reader.instance
        instances[index].isUp = true
        instances[index].scrapedAt = now
        droppedSampleCount += reader.droppedSampleCount
    }

    /// An instance did not answer, or not well.
    package mutating func failed(_ name: String) {
        if let index = position(of: name) { instances[index].isUp = false }
    }

    private func position(of name: String) -> Int? { instances.firstIndex { $0.name == name } }

    /// Whether the books agree; for tests.
    package func checkInvariants() {
        catalogue.checkInvariants()
        var holders = catalogue.groups.map { _ in 0 }
        for instance in instances { for group in instance.groups { holders[group.index] += 1 } }
        precondition(holders == catalogue.groups.map(\.holderCount))
    }
}

/// An instance, with its last scrape ready to be rendered.
struct ScrapedInstance: Sendable {
    /// One number of a scrape that counts for the fleet.
    struct Held: Sendable {
        let slot: Int
        let value: Double
    }

    let name: String
    /// `instance="…"`, escaped.
    let label: [UInt8]
    var models: [String]
    var isUp = false
    var scrapedAt: UInt64?
    var badLineCount = 0
    var startedAt = 0.0
    /// Its lines, by family; `chunks` is indexed by family, and may be shorter than there are.
    var text: [UInt8] = []
    var chunks: [Range<Int>] = []
    /// What it has, and which of `counts` belong to it.
    var groups: [(index: Int, counts: Range<Int>)] = []
    var counts: [Held] = []
    var gauges: [Held] = []

    init(_ name: String, models: [String]) {
        self.name = name
        self.models = models
        label = Array("instance=\"".utf8) + ExpositionWriter.escaped(name) + [UInt8(ascii: "\"")]
    }
}
