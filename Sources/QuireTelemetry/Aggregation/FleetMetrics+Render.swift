extension FleetMetrics {
    /// Appends everything in text format 0.0.4.
    ///
    /// Cost: the numbers of every instance added up once, the fleet's lines written, the instances'
    /// lines copied, which were written when they were scraped.
    package func render(
        into output: inout [UInt8],
        contents: Contents = .all,
        now: UInt64
    ) {
        let live = instances.indices.filter { isLive(instances[$0], now: now) }
        // Growing in steps would cost as much as the rendering.
        let room = live.reduce(1 << 16) { $0 + instances[$1].text.count }
        output.reserveCapacity(output.count + room + room / 16)
        renderOwn(into: &output, live: Set(live), now: now)
        let totals = FleetTotals(catalogue, instances, live: live)
        for family in catalogue.families.indices where !catalogue.families[family].isFree {
            var hasHeader = false
            if contents.contains(.fleet) {
                renderFleet(family, totals, &hasHeader, into: &output)
            }
            if contents.contains(.instances) {
                for index in live where family < instances[index].chunks.count {
                    let chunk = instances[index].chunks[family]
                    if chunk.isEmpty { continue }
                    renderHeader(family, &hasHeader, into: &output)
                    output.append(contentsOf: instances[index].text[chunk])
                }
            }
        }
    }

    private func isLive(_ instance: ScrapedInstance, now: UInt64) -> Bool {
        guard instance.isUp, let at = instance.scrapedAt else { return false }
        return now < at || now - at <= staleAfterNanoseconds
    }

    private func renderHeader(_ family: Int, _ hasHeader: inout Bool, into output: inout [UInt8]) {
        if hasHeader { return }
        hasHeader = true
        ExpositionWriter.appendHeader(
            catalogue.families[family].name,
            catalogue.families[family].kind.text,
            help: catalogue.families[family].help,
            to: &output
        )
    }

    /// The fleet's lines of a family.
    private func renderFleet(
        _ family: Int,
        _ totals: FleetTotals,
        _ hasHeader: inout Bool,
        into output: inout [UInt8]
    ) {
        let isHistogram = catalogue.families[family].kind == .histogram
        for group in catalogue.families[family].groups {
            let slots = catalogue.groups[group].slots
            guard let last = slots.last else { continue }
            // Of a histogram, the parts that everyone has who has the count, which comes last.
            let needed = isHistogram ? totals.counts[last] : 0
            for slot in slots {
                let count = totals.counts[slot]
                guard count > 0, catalogue.rules[slot] != .none,
                    !isHistogram || count == needed
                else { continue }
                renderHeader(family, &hasHeader, into: &output)
                output.append(contentsOf: catalogue.slots[slot].head)
                let value = totals.values[slot]
                let isAverage = catalogue.rules[slot] == .average
                ExpositionWriter.append(isAverage ? value / Double(count) : value, to: &output)
                output.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// What is known of the instances themselves.
    private func renderOwn(into output: inout [UInt8], live: Set<Int>, now: UInt64) {
        func family(_ name: Int, _ help: String, _ value: (Int) -> Double?) {
            let name = Array(Self.ownNames[name].utf8)
            ExpositionWriter.appendHeader(name, "gauge", help: Array(help.utf8), to: &output)
            for index in instances.indices {
                guard let value = value(index) else { continue }
                output.append(contentsOf: name)
                output.append(UInt8(ascii: "{"))
                output.append(contentsOf: instances[index].label)
                output.append(contentsOf: "} ".utf8)
                ExpositionWriter.append(value, to: &output)
                output.append(UInt8(ascii: "\n"))
            }
        }
        family(0, "1 if the instance's series are here, 0 if it was not heard lately.") {
            live.contains($0) ? 1 : 0
        }
        family(1, "Time since the instance was heard last.") { index in
            instances[index].scrapedAt.map { Double(now - min($0, now)) / 1e9 }
        }
        family(2, "Lines of the instance's last scrape that could not be read.") { index in
            instances[index].scrapedAt.map { _ in Double(instances[index].badLineCount) }
        }
        let dropped = Array(Self.ownNames[3].utf8)
        ExpositionWriter.appendHeader(
            dropped,
            "counter",
            help: Array("Samples that could not be taken into the aggregate.".utf8),
            to: &output
        )
        output.append(contentsOf: dropped)
        output.append(UInt8(ascii: " "))
        ExpositionWriter.append(Double(droppedSampleCount), to: &output)
        output.append(UInt8(ascii: "\n"))
    }
}

/// By slot: the fleet's value and how many instances (and former lives of them) it is made of.
private struct FleetTotals {
    private(set) var values: [Double]
    private(set) var counts: [Int32]

    init(_ catalogue: SeriesCatalogue, _ instances: [ScrapedInstance], live: [Int]) {
        values = catalogue.retired
        counts = catalogue.retiredCounts
        for instance in instances {
            for held in instance.counts {
                values[held.slot] += held.value
                counts[held.slot] += 1
            }
        }
        for index in live {
            for held in instances[index].gauges {
                if catalogue.rules[held.slot] == .maximum, counts[held.slot] > 0 {
                    values[held.slot] = max(values[held.slot], held.value)
                } else {
                    values[held.slot] += held.value
                }
                counts[held.slot] += 1
            }
        }
    }
}
