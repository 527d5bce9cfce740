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

    /// Each costs 50,000 steps or more a time, of which 200,000 are allowed.
    @Test(
        arguments: [
            "text | wordcount", "text | trim('x')", "text | replace('x', '')",
            "text | truncate(5)", "text | int", "text | float",
            "text is lower", "text is upper", "text is filter", "text is test",
            "'' | replace(text, '')", "[] | join(text)",
            // Keys of sorts.
            "[text] | sort | length", "[text] | unique | list | length", "[text] | min | first",
            "[{'a': text}] | groupby('a') | length", "{1: text} | dictsort(by='value') | length",
            "[{'a': text}] | sort(attribute='a,a') | length",
            "[{}] | map(attribute=text) | list | length",
            // Keys of dictionaries.
            "{}.get(text)", "text in {}", "{}[text] is defined", "{text: 1} | length",
            "{}.get(wide)", "wide in {}", "{wide: 1} | length", "[wide] | unique | list | length",
            "dict([(wide, 1)]) | length", "[][wide] is defined", "none[wide] is defined",
        ]
    )
    func workOnLargeValuesIsPaidFor(expression: String) throws {
        let text = String(repeating: "x", count: 800_000)
        let source = """
            {% set wide = (0,) * 50000 %}\
            {% for i in range(5) %}{% if \(expression) %}{% endif %}{% endfor %}
            """
        #expect("\(expression)") {
            try render(
                source,
                ["text": .string(text)],
                limits: TemplateLimits(stepCountMax: 200_000)
            )
        } throws: {
            if case TemplateError.limit(let message, _) = $0 {
                message.contains("steps")
            } else {
                false
            }
        }
    }

    /// The text is paid for once, 50,000 steps, and each affix that it is compared with.
    @Test(arguments: ["startswith", "endswith"])
    func everyAffixIsPaidFor(method: String) throws {
        let middle = String(repeating: "x", count: 800_000)
        let arguments: JSONObject = [
            "text": .string("x\(middle)x"), "affix": .string("y\(middle)y"),
        ]
        let limits = TemplateLimits(stepCountMax: 200_000)
        func call(_ count: Int) throws -> String {
            try render("{{ text.\(method)((affix,) * \(count)) }}", arguments, limits: limits)
        }
        #expect(try call(2) == "False")
        #expect {
            try call(4)
        } throws: {
            if case TemplateError.limit(let message, _) = $0 {
                message.contains("steps")
            } else {
                false
            }
        }
    }

    @Test func namespacesWeighWhatTheyHold() {
        let limits = TemplateLimits(outputBytesMax: 1 << 20)
        let arguments: JSONObject = ["text": .string(String(repeating: "x", count: 800_000))]
        for source in [
            "{% set ns = namespace(x=text) %}{% set l = [ns] * 100 %}",
            "{% set ns = namespace(x=1) %}{% set ns.x = text %}{% set l = [ns] * 100 %}",
            // Grown after the list was made: the text is cut at the bound on its size.
            "{% set ns = namespace(x=1) %}{% set l = [ns] * 1000 %}{% set ns.x = text %}{{ l }}",
            "{% set ns = namespace(x=1) %}{% set l = [ns] * 1000 %}{% set ns.x = text %}{{ l ~ 1 }}",
            "{% set ns = namespace(x=1) %}{% set l = [ns] * 1000 %}{% set ns.x = text %}"
                + "{{ [][l] }}",
        ] {
            #expect("\(source)") {
                try render(source, arguments, limits: limits)
            } throws: {
                if case TemplateError.limit = $0 { true } else { false }
            }
        }
        #expect(throws: Never.self) {
            try render(
                "{% set ns = namespace(x=text) %}{% set ns.x = 1 %}{% set l = [ns] * 100 %}",
                arguments,
                limits: limits
            )
        }
    }

    @Test func namespacesOfManyNamesKeepOrderAndValues() throws {
        let members = (0..<40).map { JSONObject.Member(key: "k\($0)", value: .int($0)) }
        let source = """
            {% set ns = namespace(d) %}{% set ns.k3 = 'new' %}{% set ns.other = 1 %}\
            {{ ns.k3 }} {{ ns.k39 }} {{ ns.other }} {{ ns.k40 is defined }} {{ ns }}
            """
        let text = try render(source, ["d": .object(JSONObject(uniqueMembers: members))])
        let values = (0..<40).map { "'k\($0)': " + ($0 == 3 ? "'new'" : "\($0)") }
        let all = (values + ["'other': 1"]).joined(separator: ", ")
        #expect(text == "new 39 1 False <Namespace {\(all)}>")
    }

    @Test func firstTakesFromAGeneratorInTurn() throws {
        let source = """
            {% set g = range(5) | map('string') %}{{ g | first }}{{ g | first }}{{ g | list }}\
            {{ g | list }}{{ g | first is defined }}
            """
        #expect(try render(source) == "01['2', '3', '4'][]False")
    }

    @Test func keywordsReachTheirParameters() throws {
        let source = """
            {% macro f(a, b=2, c=3) %}{{ a }} {{ b }} {{ c }} {{ kwargs }}{% endmacro %}\
            {{ f(1, **{'y': 5, 'c': 7, 'x': 6}) }}
            """
        #expect(try render(source) == "1 2 7 {'y': 5, 'x': 6}")
        for call in ["f(1, a=2)", "f(a=1, **{'a': 2})", "f(1, **{'a': 2})"] {
            #expect(throws: TemplateError.self, "\(call)") {
                try render("{% macro f(a) %}{% endmacro %}{{ \(call) }}")
            }
        }
    }

    /// Quadratic, each of these would take minutes: a hang is what would show it.
    @Test func manyKeywordsAndLateSearchesAreLinear() throws {
        let members = (0..<200_000).map { JSONObject.Member(key: "key\($0)", value: .int($0)) }
        let arguments: JSONObject = ["d": .object(JSONObject(uniqueMembers: members))]
        let macro = "{% macro f() %}{{ kwargs | length }}{% endmacro %}{{ f(**d) }}"
        #expect(try render(macro, arguments) == "200000")
        for call in ["namespace(d)", "namespace(**d)"] {
            #expect(try render("{{ (\(call)).key199999 }}", arguments) == "199999")
        }
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
