import QuireJSON
import QuireTestSupport
import QuireTokenizer
import Testing

/// Texts made to cost more than their length; costs are counted, not timed.
@Suite struct HostileTextTests {
    private static let texts: [(name: String, unit: String)] = [
        ("one letter", "a"),
        ("spaces", " "),
        ("line breaks and spaces", "\n "),
        ("marks in disorder", "\u{301}\u{323}"),
        ("marks that decompose", "\u{F73}"),
        ("a word without end", "qzjxkvbpygfwmucldrhsnioate"),
        ("ideographs", "\u{4E00}\u{9FA5}"),
        ("digits", "1"),
        ("apostrophes", "'"),
        ("symbols", "=!"),
        ("beginnings of special tokens", "<|im_start"),
        ("emoji joined", "\u{1F468}\u{200D}"),
        ("unknown characters", "\u{1D518}"),
    ]

    /// Steps per byte of text must not grow with the text.
    @Test(arguments: ["qwen2.5", "gpt2", "llama2", "llama3", "deepseek-coder"])
    func stepsGrowWithTheTextOnly(_ folder: String) throws {
        let tokenizer = try TestTokenizers.load("tokenizers/" + folder)
        for (name, unit) in Self.texts {
            let short = String(repeating: unit, count: 16_000 / unit.utf8.count)
            let long = String(repeating: unit, count: 256_000 / unit.utf8.count)
            let perByte = tokenizer.encodingStepCount(of: short) / 16_000 + 1
            let steps = tokenizer.encodingStepCount(of: long)
            #expect(steps <= 256_000 * perByte * 2, "\(folder), \(name): \(steps)")
            #expect(steps <= 256_000 * 120, "\(folder), \(name): \(steps)")
        }
    }

    /// A pattern that backtracks at every start, and one that takes all and gives nothing back.
    @Test func patternsThatFailAtEveryStartStayLinear() throws {
        for source in [#"(?:a+)+b"#, #"a++b"#, #"(?:a|aa)+$b"#, #"[^b]*b|c"#, #"(?:a*)*b"#] {
            var file = TinyFile(tokens: ["a", "b", "c"])
            file.preTokenizer = .object([
                "type": .string("Split"),
                "pattern": .object(["Regex": .string(source)]),
                "behavior": .string("Isolated"),
                "invert": .bool(false),
            ])
            let tokenizer = try file.load()
            let steps = tokenizer.encodingStepCount(of: String(repeating: "a", count: 100_000))
            #expect(steps < 100_000 * 60, "\(source): \(steps)")
        }
    }

    @Test func aMegabyteOfEachRoundTrips() throws {
        let tokenizer = try TestTokenizers.load("tokenizers/gpt2")
        for (name, unit) in Self.texts {
            let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
            let ids = tokenizer.encode(text, addSpecialTokens: false)
            let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
            #expect(decoded == Array(text.utf8), "\(name)")
        }
    }

    /// A megabyte of marks is normalised as a short run is.
    @Test func longRunsOfMarksAreNormalizedAsShortOnes() throws {
        for form in ["NFC", "NFD"] {
            let normalizer = try Normalizer(.object(["type": .string(form)]))
            // Below the length from which runs are ordered beforehand, and above it.
            let unit = "e\u{323}\u{301}\u{302}"
            #expect(
                Array(normalizer.normalized("e\u{301}\u{323}\u{302}").utf8)
                    == Array(normalizer.normalized(unit).utf8)
            )
            let mixed = "x" + String(repeating: "\u{301}\u{323}", count: 40) + "y\u{E9}"
            let sorted =
                "x" + String(repeating: "\u{323}", count: 40)
                + String(repeating: "\u{301}", count: 40) + "y\u{E9}"
            let found = Array(normalizer.normalized(mixed).utf8)
            #expect(found == Array(normalizer.normalized(sorted).utf8))
        }
    }
}
