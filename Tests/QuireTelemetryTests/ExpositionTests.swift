import QuireTelemetry
import Testing

/// Reading scrapes: what is read, what is skipped, what is bounded.
@Suite struct ExpositionTests {
    /// The samples of a scrape as lines that are easy to compare.
    private static func lines(_ exposition: Exposition) -> [String] {
        exposition.samples.map { sample in
            let name = String(
                decoding: exposition.families[Int(sample.family)].name,
                as: UTF8.self
            )
            let labels = exposition.labels[sample.labels].map { label in
                let name = String(decoding: exposition.bytes[label.name.range], as: UTF8.self)
                return "\(name)=\(exposition.text(of: label))"
            }
            let bound = sample.part == .bucket ? " le=\(sample.bound)" : ""
            return "\(name).\(sample.part) [\(labels.joined(separator: ","))]\(bound) "
                + "\(sample.value)"
        }
    }

    private static func read(_ text: String) -> Exposition { Exposition(parsing: Array(text.utf8)) }

    @Test(arguments: [
        ("a 1\n", "a.value [] 1.0"),
        ("a{} 1\n", "a.value [] 1.0"),
        ("  a \t 1  \r\n", "a.value [] 1.0"),
        ("a{x=\"y\"}1\n", "a.value [x=y] 1.0"),
        ("a { x = \"y\" , z=\"\" , } +2.50 1700000000000\n", "a.value [x=y,z=] 2.5"),
        (#"a{x="q\"b\\n\nz\t"} 1"# + "\n", "a.value [x=q\"b\\n\nz\\t] 1.0"),
        ("a{x=\"灯\u{301}\"} 1\n", "a.value [x=灯\u{301}] 1.0"),
        ("a NaN\n", "a.value [] nan"),
        ("a +Inf\n", "a.value [] inf"),
        ("a -inf\n", "a.value [] -inf"),
        ("a 8.128902e+06\n", "a.value [] 8128902.0"),
        ("a 1e-3 # {trace=\"x\"} 0.5 1.5\n", "a.value [] 0.001"),
        ("a 0.007507552643049313\n", "a.value [] 0.007507552643049313"),
        ("a 123456789012345678901234\n", "a.value [] 1.2345678901234569e+23"),
        ("a 4.9e-324\n", "a.value [] 5e-324"),
        ("a 1e999\n", "a.value [] inf"),
        ("vllm:x_total{a=\"}{,=\"} .5\n", "vllm:x_total.value [a=}{,=] 0.5"),
    ])
    func readsASample(line: String, sample: String) {
        let exposition = Self.read(line)
        #expect(Self.lines(exposition) == [sample])
        #expect(exposition.badLineCount == 0)
    }

    @Test(arguments: [
        "a", "a ", "a{", "a{x", "a{x=", "a{x=\"", "a{x=\"y", "a{x=\"y\"", "a{x=\"y\\\"} 1",
        "a{x=\"y\"} ", "a{x=y} 1", "a{=\"y\"} 1", "a{x=\"y\",x=\"z\"} 1", "1a 1", "{x=\"y\"} 1",
        "a 1 2 3", "a 1 x", "a 1_0", "a 0x1", "a --1", "a 1e", "a 1e+", "a .", "a e5", "a nano",
        "a{x:y=\"z\"} 1", "é 1", "# TYPE a nonsense", "# TYPE é counter", "# TYPE",
        "# TYPE a histogram\na 1", "# TYPE a histogram\na_bucket 1",
        "# TYPE a histogram\na_bucket{le=\"x\"} 1", "# TYPE a histogram\na_bucket{le=\"NaN\"} 1",
        "a 1\n# TYPE a counter", "# TYPE a gauge\n# TYPE a counter", "# EOF\na 1",
    ])
    func skipsAndCountsALineThatCannotBeRead(text: String) {
        let exposition = Self.read("first 1\n" + text + "\nlast 2\n")
        #expect(exposition.badLineCount >= 1, "\(text)")
        let lines = Self.lines(exposition)
        #expect(lines.first == "first.value [] 1.0")
        if !text.contains("EOF") {
            #expect(lines.last == "last.value [] 2.0")
            #expect(exposition.badLineCount == 1)
        }
    }

    @Test func invalidUnicodeInALabelIsNotTaken() {
        let exposition = Exposition(
            parsing: Array("a{x=\"".utf8) + [0xff] + Array("\"} 1\nb 2\n".utf8)
        )
        #expect(Self.lines(exposition) == ["b.value [] 2.0"])
        #expect(exposition.badLineCount == 1)
    }

    @Test func aHistogramIsOneFamily() {
        let exposition = Self.read(
            """
            # HELP h Some \\n help
            # TYPE h histogram
            h_bucket{le="0.1",m="x"} 1
            h_bucket{m="x",le="+Inf"} 2
            h_sum{m="x"} 3
            h_count{m="x"} 2
            # TYPE h_created gauge
            h_created{m="x"} 1.7e9

            """
        )
        #expect(exposition.badLineCount == 0)
        #expect(exposition.families.map(\.kind) == [.histogram, .gauge])
        #expect(
            Self.lines(exposition) == [
                "h.bucket [m=x] le=0.1 1.0", "h.bucket [m=x] le=inf 2.0", "h.sum [m=x] 3.0",
                "h.count [m=x] 2.0", "h_created.value [m=x] 1700000000.0",
            ]
        )
        let help = exposition.families[0].help.range
        #expect(String(decoding: exposition.bytes[help], as: UTF8.self) == "Some \\n help")
    }

    @Test func openMetricsReadsAsTheSameFamilies() {
        let exposition = Self.read(
            """
            # TYPE c counter
            # UNIT c tokens
            # HELP c Help.
            c_total{m="x"} 5 1700000000.123
            c_created{m="x"} 1.7e9
            # TYPE build info
            build_info{version="1"} 1
            # TYPE s summary
            s{quantile="0.5"} 1
            s_sum 2
            s_count 3
            # EOF
            """
        )
        #expect(exposition.badLineCount == 0)
        #expect(
            Self.lines(exposition) == [
                "c_total.value [m=x] 5.0", "build_info.value [version=1] 1.0",
                "s.value [quantile=0.5] 1.0", "s.sum [] 2.0", "s.count [] 3.0",
            ]
        )
        #expect(exposition.families.map(\.kind) == [.counter, .gauge, .summary])
    }

    @Test func samplesFindTheirFamilyOutOfOrder() {
        let exposition = Self.read(
            "# TYPE h histogram\n# TYPE g gauge\nh_count 1\ng 2\nh_bucket{le=\"1\"} 1\nh_x 3\n"
        )
        #expect(exposition.badLineCount == 0)
        #expect(
            Self.lines(exposition) == [
                "h.count [] 1.0", "g.value [] 2.0", "h.bucket [] le=1.0 1.0", "h_x.value [] 3.0",
            ]
        )
    }

    @Test func aLastLineWithoutItsLineFeedIsNotRead() {
        let exposition = Self.read("a 1\nb 12")
        #expect(Self.lines(exposition) == ["a.value [] 1.0"])
        #expect(exposition.badLineCount == 1)
    }

    @Test func everyPrefixOfAScrapeReadsAsAPrefixOfItsSamples() {
        let bytes = Array(Scrapes.vllm(seed: 1, model: "m", requests: 9).utf8.prefix(6000))
        let whole = Self.lines(Exposition(parsing: bytes))
        var seen = 0
        for length in 0...bytes.count {
            let lines = Self.lines(Exposition(parsing: Array(bytes.prefix(length))))
            #expect(lines.count >= seen && whole.starts(with: lines), "\(length)")
            seen = lines.count
        }
        #expect(seen == whole.count)
    }

    @Test func mutatedScrapesNeverTrapAndNeverMakeUpFamilies() {
        var generator = Seeded(7)
        let original = Array(Scrapes.vllm(seed: 2, model: "m", requests: 3).utf8)
        for round in 0..<400 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...40, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(Array("\n{}\"\\ #,=".utf8).randomElement() ?? 0, at: at)
                default: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &generator))
                }
            }
            let exposition = Exposition(parsing: bytes)
            let lineCount = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            #expect(exposition.samples.count + exposition.badLineCount <= lineCount, "\(round)")
            for sample in exposition.samples {
                #expect(exposition.families.indices.contains(Int(sample.family)))
                #expect(sample.labels.upperBound <= exposition.labels.count)
            }
            _ = EngineLoad(exposition)
        }
    }

    @Test func aScrapeIsBounded() {
        var limits = ExpositionLimits()
        limits.samplesMax = 3
        let many = Exposition(parsing: Array("a 1\nb 2\nc 3\nd 4\n".utf8), limits: limits)
        #expect(many.samples.count == 3 && many.isTruncated)
        limits = ExpositionLimits()
        limits.bytesMax = 9
        let long = Exposition(parsing: Array("a 1\nb 2\nc 3\n".utf8), limits: limits)
        #expect(long.samples.count == 2 && long.isTruncated)
        limits = ExpositionLimits()
        limits.lineBytesMax = 10
        let wide = Exposition(parsing: Array("a{x=\"0123456789\"} 1\nb 2\n".utf8), limits: limits)
        #expect(wide.samples.count == 1 && wide.badLineCount == 1 && !wide.isTruncated)
        limits = ExpositionLimits()
        limits.labelsPerSampleMax = 1
        let labels = Exposition(parsing: Array("a{x=\"\",y=\"\"} 1\n".utf8), limits: limits)
        #expect(labels.samples.isEmpty && labels.labels.isEmpty && labels.badLineCount == 1)
    }

    /// What would be quadratic if families were searched for by walking.
    @Test func aHostileScrapeCostsNoMoreThanItsLength() {
        var text = "# TYPE f counter\nf 1\n"
        for index in 0..<5000 { text += "# TYPE f\(index) counter\nf_total 1\nf\(index) 1\n" }
        let exposition = Self.read(text)
        #expect(exposition.samples.count == 10_001)
    }
}
