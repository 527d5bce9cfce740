import QuireJSON
import QuireTestSupport
import Testing

struct JSONReaderTests {
    @Test(arguments: [
        ("null", JSON.null), (" true ", .bool(true)), ("-0", .int(0)), ("1.0", .double(1)),
        ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1e3", .double(1000)),
        (#""a\n\u00e9\ud83d\ude00""#, .string("a\né😀")), (#""\ud83d""#, .string("\u{FFFD}")),
        (#""\ud83dx""#, .string("\u{FFFD}x")), ("[]", .array([])), ("{}", .object(.init())),
        ("[1, [2], {\"a\":3}]", .array([.int(1), .array([.int(2)]), .object(["a": .int(3)])])),
        (#"{"a":1,"b":2,"a":3}"#, .object(["a": .int(3), "b": .int(2)])),
    ])
    func readsWhatIsJSON(text: String, expected: JSON) throws {
        #expect(try JSON(parsing: text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "-", "+1", "1.", ".5", "1e", "1e+", "1e999", "[1,]", "[,1]",
        "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{,}", "[", "{", "\"", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "[1]x", "NaN", "Infinity", "'a'", "[1}", "{\"a\":1]",
        "{\"a\" 1}", "{\"a\":1 \"b\":2}", "\u{1}", "// c",
    ])
    func refusesWhatIsNot(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xC3, 0x22]) }
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSON(parsing: deep) }
        let fine = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(throws: Never.self) { try JSON(parsing: fine) }
    }

    @Test func aLargeObjectWithRepeatsKeepsTheLastValues() throws {
        let body = (0..<2000).map { "\"k\($0 % 1000)\":\($0)" }.joined(separator: ",")
        let object = try #require(try JSON(parsing: "{\(body)}").object)
        #expect(object.members.count == 1000)
        #expect(object["k0"] == .int(1000) && object["k999"] == .int(1999))
    }

    /// `é` as one code point and as two: equal for `String`, not for JSON.
    @Test(arguments: [0, 40])
    func keysAreComparedByTheirBytes(otherCount: Int) throws {
        let others = (0..<otherCount).map { "\"k\($0)\":0," }.joined()
        let text = "{\(others)\"\u{E9}\":1,\"e\u{301}\":2,\"\u{E9}\":3}"
        var object = try #require(try JSON(parsing: text).object)
        #expect(object.members.count == otherCount + 2)
        #expect(object["\u{E9}"] == .int(3) && object["e\u{301}"] == .int(2))
        object["e\u{301}"] = nil
        #expect(object["\u{E9}"] == .int(3) && object["e\u{301}"] == nil)
        object["e\u{301}"] = .int(4)
        #expect(object.members.count == otherCount + 2)
    }

    /// The seed is the argument, so that a run which ends in a trap has named it.
    @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 34] as [UInt64])
    func randomBytesNeverTrap(seed: UInt64) {
        let alphabet = Array(#"{}[]",:\u0123456789eE+-.truefalsn "#.utf8)
        print("random bytes, seed \(seed)")
        var state = seed
        for _ in 0..<2_500 {
            var text: [UInt8] = []
            for _ in 0..<24 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            _ = try? JSON(parsing: text)
        }
        #expect(state != seed, "seed \(seed)")
    }

    @Test func readsARealTokenizerFile() throws {
        let json = try Assets.json("tokenizers/gpt2/tokenizer.json")
        #expect(json["model"]?["vocab"]?.object?.members.count == 50257)
    }
}
