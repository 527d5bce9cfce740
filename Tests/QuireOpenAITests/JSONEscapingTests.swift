import NIOCore
import QuireJSON
import QuireOpenAI
import Testing

/// Strings on the wire are what Python's `json.dumps(ensure_ascii=False)` writes.
struct JSONEscapingTests {
    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("\"", #""\"""#), ("\\", #""\\""#), ("/", #""/""#),
        ("\u{8}\u{9}\u{A}\u{C}\u{D}", #""\b\t\n\f\r""#), ("\u{0}", #""\u0000""#),
        ("\u{B}", #""\u000b""#), ("\u{1F}", #""\u001f""#), ("\u{7F}", "\"\u{7F}\""),
        ("\u{2028}\u{2029}", "\"\u{2028}\u{2029}\""), ("😀", "\"😀\""), ("汉字", "\"汉字\""),
        ("</script>", #""</script>""#), ("\u{FEFF}", "\"\u{FEFF}\""),
        ("1234567\"", #""1234567\"""#), ("12345678\n", #""12345678\n""#),
    ])
    func stringsAreEscapedAsPythonDoes(_ text: String, _ expected: String) {
        #expect(json(text).unicodeScalars.elementsEqual(expected.unicodeScalars))
    }

    @Test func everyByteOfASCIIAtEveryPlaceReadsBack() throws {
        for code in 0..<128 as Range<UInt8> {
            let scalar = Character(Unicode.Scalar(code))
            for place in 0..<20 {
                let text =
                    String(repeating: "a", count: place) + [scalar]
                    + String(repeating: "é", count: 19 - place)
                #expect(try JSON(parsing: json(text)) == .string(text))
                #expect(json(text).utf8.allSatisfy { $0 >= 0x20 })
            }
        }
    }

    @Test func randomTextReadsBack() throws {
        for seed in 1...500 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let text = randomText(using: &random)
            let back = try #require(try JSON(parsing: json(text)).string)
            #expect(back.unicodeScalars.elementsEqual(text.unicodeScalars), "seed \(seed)")
        }
    }

    private func json(_ text: String) -> String {
        let body = written { VersionResponse(version: text).write(into: &$0) }
        return String(body.unicodeScalars.dropFirst(11).dropLast())
    }
}
