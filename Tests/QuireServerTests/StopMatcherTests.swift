import QuireServer
import Testing

@Suite struct StopMatcherTests {
    private func run(
        _ text: String,
        stops: [String],
        keeps: Bool = false,
        pieces: [Int]
    ) -> (text: String, stop: Int?) {
        var matcher = StopMatcher(
            StopAutomata(stops.map { Array($0.utf8) }),
            keepsStopString: keeps
        )
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        var piece = 0
        while !rest.isEmpty {
            let count = min(rest.count, max(1, pieces[piece % pieces.count]))
            piece += 1
            let verdict = matcher.push(rest.prefix(count), mayStop: true, into: &output)
            if case .stopped(let index) = verdict {
                return (String(decoding: output, as: UTF8.self), index)
            }
            rest = rest.dropFirst(count)
        }
        matcher.flush(into: &output)
        return (String(decoding: output, as: UTF8.self), nil)
    }

    @Test func aStopStringAcrossPiecesIsFoundAndHidden() {
        let result = run("one two END three", stops: ["END"], pieces: [1, 3, 2])
        #expect(result.text == "one two ")
        #expect(result.stop == 0)
    }

    @Test func aStopStringCanBeKept() {
        let result = run("one two END three", stops: ["END"], keeps: true, pieces: [4])
        #expect(result.text == "one two END")
    }

    @Test func whatOnlyBeginsLikeAStopStringIsHandedOn() {
        let result = run("EN ENENE", stops: ["END"], pieces: [1])
        #expect(result.text == "EN ENENE")
        #expect(result.stop == nil)
    }

    @Test func anOverlappingBeginningIsNotMissed() {
        #expect(run("aab", stops: ["ab"], pieces: [1]).text == "a")
        #expect(run("ababac", stops: ["abac"], pieces: [1]).text == "ab")
    }

    @Test func nothingOfAPossibleStopStringIsShown() {
        var matcher = StopMatcher(StopAutomata([Array("\n\nUser:".utf8)]), keepsStopString: false)
        var output: [UInt8] = []
        _ = matcher.push(Array("Hi.\n\nUse".utf8), mayStop: true, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Hi.")
        _ = matcher.push(Array("ful".utf8), mayStop: true, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Hi.\n\nUseful")
    }

    @Test func matchesBeforeTheMinimumAreIgnored() {
        var matcher = StopMatcher(StopAutomata([Array("ab".utf8)]), keepsStopString: false)
        var output: [UInt8] = []
        #expect(matcher.push(Array("xab".utf8), mayStop: false, into: &output) == .running)
        #expect(matcher.push(Array("yab".utf8), mayStop: true, into: &output) == .stopped(0))
        #expect(String(decoding: output, as: UTF8.self) == "xaby")
    }

    @Test func aLongStopStringThatAlmostMatchesIsHandedOnWhole() {
        // Held to its last byte again and again: what is handed on must be neither lost nor doubled.
        let almost = String(repeating: "a", count: 1023)
        let text = String(repeating: almost + "b", count: 20)
        let result = run(text, stops: [almost + "a", almost + "ac"], pieces: [1, 700, 3])
        #expect(result.text == text)
        #expect(result.stop == nil)
    }

    @Test(arguments: 0..<200)
    func everyCutGivesWhatASearchOfTheWholeTextGives(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let letters = Array("ab")
        func word(_ count: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: count, using: &generator)).map { _ in
                    letters[Int.random(in: 0..<2, using: &generator)]
                }
            )
        }
        let text = word(0...40)
        let stops = (0..<Int.random(in: 1...3, using: &generator)).map { _ in word(1...6) }
        let pieces = (0..<5).map { _ in Int.random(in: 1...7, using: &generator) }
        // The stop string that is complete first ends the text; of two at once, the first listed.
        var expected = (text: text, stop: Int?.none)
        search: for end in 0...text.utf8.count {
            let head = String(text.prefix(end))
            for (index, stop) in stops.enumerated() where head.hasSuffix(stop) {
                expected = (String(head.dropLast(stop.count)), index)
                break search
            }
        }
        let found = run(text, stops: stops, pieces: pieces)
        #expect(found.text == expected.text, "seed \(seed): \(text) \(stops) \(pieces)")
        #expect(found.stop == expected.stop, "seed \(seed): \(text) \(stops) \(pieces)")
    }
}
