import QuireGateway
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("10", 10_000), ("10s", 10_000), ("500ms", 500), ("1m30s", 90_000), ("2h", 7_200_000),
        ("1d", 86_400_000), ("1h 5m", 3_900_000), ("0.5", 500), ("0.5s", 500), ("0", 0),
        ("10 s", 10_000), ("1M", 60_000), ("PT10S", 10_000), ("PT1M30.5S", 90_500),
        ("pt0.25s", 250), ("P1DT2H", 93_600_000), ("PT2H", 7_200_000), ("1s500ms", 1500),
    ])
    func lengthsOfTimeAreReadAsNginxSpringAndISOWriteThem(text: String, milliseconds: Int) {
        #expect(DurationText.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", " ", "s", "10x", "-1", "-5s", "5s10", "10s1m", "1m1m", "PT", "P", "PT10", "P10S", "1e3",
        "10..5", ".5", "5.", "inf", "nan", "1,5s", "99999999999999999999d", "P1Y", "PT1S1M", "５s",
        "315360001", "PT-1S",
    ])
    func whatIsNoLengthOfTimeIsRefused(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func whatIsRenderedReadsBack() {
        var milliseconds = 1
        while milliseconds < 400_000_000 {
            let duration = Duration.milliseconds(milliseconds)
            #expect(DurationText.parse(DurationText.render(duration)) == duration)
            milliseconds = milliseconds * 3 + milliseconds % 7
        }
        #expect(DurationText.render(.zero) == "0s")
        #expect(DurationText.render(.seconds(90)) == "90s")
        #expect(DurationText.render(.seconds(3600)) == "1h")
    }
}
