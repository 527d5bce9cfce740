import QuireTelemetry

/// Called by libFuzzer: the bytes are scrapes of two instances, cut at the first 0xFF.
///
/// Whatever they say, nothing traps, the books agree, and what is rendered reads again without a
/// bad line and with every family once.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExposition(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start = unsafe start else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let scrapes = bytes.split(separator: 0xFF, omittingEmptySubsequences: false)
    var fleet = FleetMetrics(seriesMax: 64)
    fleet.configure(["a", "b\"\\\n"], models: ["a": ["m"]])
    for (index, scrape) in scrapes.prefix(8).enumerated() {
        let exposition = Exposition(parsing: Array(scrape))
        _ = EngineLoad(exposition)
        for label in exposition.labels { _ = exposition.text(of: label) }
        fleet.scraped(index % 2 == 0 ? "a" : "b\"\\\n", exposition, now: UInt64(index))
        fleet.checkInvariants()
    }
    var output: [UInt8] = []
    fleet.render(into: &output, now: 9)
    let again = Exposition(parsing: output)
    precondition(again.badLineCount == 0, String(decoding: output, as: UTF8.self))
    precondition(Set(again.families.map { ByteKey($0.name) }).count == again.families.count)
    fleet.configure([])
    fleet.checkInvariants()
    return 0
}
