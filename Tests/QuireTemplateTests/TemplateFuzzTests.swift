import QuireJSON
import QuireTemplate
import QuireTestSupport
import Testing

/// Damaged templates parse or fail, render or fail, and never trap or run away.
@Suite struct TemplateFuzzTests {
    /// A small seeded generator (SplitMix64).
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    private static let pieces = [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "{% raw %}", "{% endraw %}", " if ", " else ",
        "{% endfor %}", "{% endif %}", "{% for m in messages %}", "loop.index", "messages",
        "[::-1]",
        "|list", "|tojson", "|join", " is defined", " not in ", "(", ")", "[", "]", "{", "}", "'",
        "\"",
        "\\", "9223372036854775807", " ** ", " // ", "~", "namespace(x=1)", ".x", "{% set ns.x = ",
        "{% macro m(a=1) %}", "{% endmacro %}", "m()", "é", "\u{1F600}", "\n", "\u{0}",
        ".split()", ".items()", " % ", "range(5)", "*", "|map('upper')",
    ]

    private func damaged(_ source: [UInt8], _ generator: inout Generator) -> String {
        var bytes = source
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(start + Int.random(in: 0...40, using: &generator), bytes.count)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.removeSubrange(start..<end)
            case 1:
                let piece = Self.pieces.randomElement(using: &generator) ?? ""
                bytes.insert(contentsOf: piece.utf8, at: start)
            case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
            default: bytes[start] = UInt8.random(in: .min ... .max, using: &generator)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func check(_ source: String, _ input: ChatTemplateInput) {
        let limits = TemplateLimits(stepCountMax: 20_000, outputBytesMax: 1 << 18)
        do throws(TemplateError) {
            _ = try ChatTemplate(source, limits: limits).render(input)
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    @Test(arguments: GoldenTests.templates)
    func damagedTemplatesNeverTrap(name: String) throws {
        let source = try Assets.bytes("chat_templates/\(name).jinja")
        let golden = try Assets.json("chat_templates/golden/\(name).json")
        let conversations = try #require(Assets.json("chat_templates/conversations.json").object)
        var generator = Generator(state: UInt64(source.count))
        for round in 0..<60 {
            let conversation = conversations.members[round % conversations.members.count].value
            let input = try ChatTemplateInput(conversation: conversation, golden: golden)
            check(damaged(source, &generator), input)
        }
    }

    @Test func damagedExpressionsNeverTrap() throws {
        let fixture = try JSON(parsing: jinjaExpressions)
        let variables = try #require(fixture["variables"]?.object)
        let input = ChatTemplateInput(messages: [], arguments: variables)
        var generator = Generator(state: 7)
        for pair in try #require(fixture["cases"]?.array) {
            let source = Array(try #require(pair.array?.first?.string).utf8)
            for _ in 0..<10 { check(damaged(source, &generator), input) }
        }
    }

    @Test func piecesInAnyOrderNeverTrap() {
        let input = ChatTemplateInput(messages: [.object(["role": .string("user")])])
        var generator = Generator(state: 11)
        for _ in 0..<3000 {
            var source = "{{"
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                source += Self.pieces.randomElement(using: &generator) ?? ""
            }
            check(source, input)
            check(source + "}}", input)
        }
    }
}
