import QuireJSON
import QuireTemplate
import Testing

/// Work that grows with a text or a value is paid for in steps, also where little comes of it, and
/// what is not paid for by size is linear.
@Suite struct PaymentTests {
    private func render(
        _ source: String,
        _ arguments: JSONObject = [:],
        limits: TemplateLimits = TemplateLimits()
    ) throws -> String {
        try ChatTemplate(source, limits: limits).render(
            ChatTemplateInput(messages: [], arguments: arguments)
        )
    }

    /// Quadratic, these would take minutes.
    @Test(.timeLimit(.minutes(1)))
    func lateSearchesAreLinear() throws {
        let half = 1 << 20
        let search: JSONObject = [
            "text": .string(String(repeating: "a", count: 2 * half)),
            "needle": .string("b" + String(repeating: "a", count: half)),
            "late": .string(String(repeating: "a", count: half) + "b"),
        ]
        let source = """
            {{ text.rfind(needle) }} {{ text.rsplit(needle) | length }} \
            {{ text.rpartition(needle)[1] | length }} {{ text.rfind(late) }}
            """
        #expect(try render(source, search) == "-1 1 0 -1")
    }

    /// The search from the end against one that tries every place.
    @Test func lateSearchesFindTheLastPlace() throws {
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var foundCount = 0
        for _ in 0..<200 {
            let unit = (0..<1 + random(6)).map { _ in "ab".utf8.map { $0 }[random(2)] }
            let needle = (0..<33 + random(20)).map { unit[$0 % unit.count] }
            var text = (0..<150).map { unit[$0 % unit.count] }
            for _ in 0..<random(4) { text[random(text.count)] = UInt8(ascii: "b") }
            let expected = stride(from: text.count - needle.count, through: 0, by: -1).first {
                text[$0..<$0 + needle.count].elementsEqual(needle)
            }
            if expected != nil { foundCount += 1 }
            let rendered = try render(
                "{{ text.rfind(needle) }}",
                [
                    "text": .string(String(decoding: text, as: UTF8.self)),
                    "needle": .string(String(decoding: needle, as: UTF8.self)),
                ]
            )
            #expect(rendered == "\(expected ?? -1)")
        }
        #expect(foundCount > 50 && foundCount < 200)
    }
}
