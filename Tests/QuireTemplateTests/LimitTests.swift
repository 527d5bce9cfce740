import QuireJSON
import QuireTemplate
import Testing

/// Templates and conversations that ask for too much end in an error, soon and without a trap.
@Suite struct LimitTests {
    private let limits = TemplateLimits(stepCountMax: 200_000, outputBytesMax: 1 << 20)

    private func render(
        _ source: String,
        _ arguments: JSONObject = [:],
        limits: TemplateLimits? = nil
    ) throws -> String {
        try ChatTemplate(source, limits: limits ?? self.limits).render(
            ChatTemplateInput(messages: [], arguments: arguments)
        )
    }

    private func isLimit(_ error: any Error) -> Bool {
        if case TemplateError.limit = error { true } else { false }
    }

    @Test(
        arguments: [
            // Loops.
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% for a in range(99999) %}{{ a }}{{ a }}{% endfor %}",
            "{{ range(100001) }}", "{{ range(9223372036854775807) }}",
            "{{ range(-9223372036854775807, 9223372036854775807) | length }}",
            "{% for x in [0] recursive %}{{ loop([0]) }}{% endfor %}",
            // Texts.
            "{{ 'x' * 9223372036854775807 }}", "{{ 'xx' * 9000000000000000000 }}",
            "{{ 'x' * 2000000 }}", "{{ 2000000 * 'x' }}", "{{ [0] * 9223372036854775807 }}",
            "{{ [0] * 100000000 }}", "{{ 'x'.center(999999999) }}", "{{ 'x'.ljust(9999999) }}",
            "{{ 'x'.zfill(99999999) }}", "{{ '\\t'.expandtabs(999999999) }}",
            "{{ ('x' * 100000).replace('x', 'y' * 100000) }}",
            "{{ ('x' * 100000).replace('', 'y' * 100000) }}",
            "{{ ('\\n' * 100000) | indent(100000) }}", "{{ 'x' | indent(9223372036854775807) }}",
            "{{ 'x' | center(9223372036854775807) }}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}"
                + "{% endfor %}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}"
                + "{% endfor %}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x * 2 %}"
                + "{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}"
                + "{% endfor %}",
            "{{ ('x' * 1000) | list | join('y' * 100000) }}",
            "{{ [1] | batch(99999999, 0) | list }}",
            "{% set x %}{% for i in range(9999) %}{{ 'x' * 1000 }}{% endfor %}{% endset %}",
            // The same list again and again: small in memory, huge when walked.
            "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}"
                + "{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = {1: ns.x, 2: ns.x} %}"
                + "{% endfor %}{{ ns.x | tojson }}",
            // Depth.
            "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}"
                + "{% endfor %}",
            "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = {'a': ns.x} %}"
                + "{% endfor %}",
            "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x.copy] %}"
                + "{% endfor %}",
            "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% for j in [ns.x] %}"
                + "{% set ns.x = loop %}{% endfor %}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
            "{% macro m() %}{% call m() %}{% endcall %}{{ caller }}{% endmacro %}{{ m() }}",
        ]
    )
    func boundsStopWhatAsksForTooMuch(source: String) {
        #expect("\(source)") { try render(source) } throws: { isLimit($0) }
    }

    @Test func numbersThatDoNotFitAreErrors() throws {
        let sources = [
            "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}",
            "{{ 9223372036854775807 * 2 }}", "{{ 2 ** 64 }}", "{{ 10 ** 100 }}",
            "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
            "{{ (-9223372036854775807 - 1) | abs }}", "{{ 9223372036854775808 }}",
            "{{ 2.0 ** 99999 }}", "{{ '%99999999d' % 1 }}",
            "{{ '{:99999999999999999999}'.format(1) }}",
            "{{ '%.99999f' % 1.5 }}",
        ]
        for source in sources {
            #expect(throws: TemplateError.self, "\(source)") { try render(source) }
        }
        let fitting = [
            ("{{ (-9223372036854775807 - 1) % -1 }}", "0"),
            ("{{ 'abc'[9223372036854775807:] }}", ""),
            ("{{ 'abc'[-9223372036854775807:9223372036854775807] }}", "abc"),
            ("{{ 'abc'[::9223372036854775807] }}", "a"),
            ("{{ 'abc'[::-9223372036854775807] }}", "c"),
            ("{{ 'a'.center(-9223372036854775807 - 1) }}", "a"),
            ("{{ 'a'.ljust(-9223372036854775807 - 1) }}", "a"),
            ("{{ 'a'.rjust(-9223372036854775807 - 1) }}", "a"),
            ("{{ '-a'.zfill(-9223372036854775807 - 1) }}", "-a"),
            ("{{ 'a' | center(-9223372036854775807 - 1) }}", "a"),
            ("{{ 1e308 * 10 }}", "inf"),
            ("{{ 1e400 | int }}", "0"),
            ("{{ 1e300 | int(7) }}", "7"),
        ]
        for (source, expected) in fitting {
            let text = try render(source)
            #expect(text == expected, "\(source)")
        }
    }

    @Test(
        arguments: [
            "range(start=5)", "range(stop=5)", "range(step=1)", "range(1, stop=5)",
            "range(1, 5, step=2)", "range(1, step=2)", "range(**{'start': 1, 'stop': 5})",
        ]
    )
    func rangeRefusesKeywordsAsPythonDoes(call: String) {
        #expect("\(call)") {
            try render("{{ \(call) }}")
        } throws: {
            "\($0)".contains("range() takes no keyword arguments")
        }
    }

    @Test(
        arguments: [
            String(repeating: "(", count: 100_000),
            "{{ " + String(repeating: "(", count: 10_000) + "1"
                + String(repeating: ")", count: 10_000)
                + " }}",
            "{{ " + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
                + " }}",
            "{{ " + String(repeating: "{1:", count: 5000) + "1"
                + String(repeating: "}", count: 5000)
                + " }}",
            "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
            "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
            "{{ 1" + String(repeating: " + 1", count: 100_000) + " }}",
            "{{ 1" + String(repeating: " or 1", count: 100_000) + " }}",
            "{{ 1" + String(repeating: " if 1", count: 100_000) + " }}",
            "{{ 1" + String(repeating: " if 1 else 1", count: 100_000) + " }}",
            "{{ x" + String(repeating: ".x", count: 100_000) + " }}",
            "{{ x" + String(repeating: "[0]", count: 100_000) + " }}",
            "{{ x" + String(repeating: "()", count: 100_000) + " }}",
            "{{ x" + String(repeating: "|list", count: 100_000) + " }}",
            "{{ " + String(repeating: "f(", count: 10_000) + " }}",
            "{{ x" + String(repeating: "[x", count: 10_000) + " }}",
            "{{ x" + String(repeating: " is string is string", count: 10_000) + " }}",
            String(repeating: "{% if 1 %}", count: 10_000),
            String(repeating: "{% for x in y %}", count: 10_000),
            String(repeating: "{% macro m() %}", count: 10_000),
            "{% set " + String(repeating: "(", count: 10_000) + "x = 1 %}",
        ]
    )
    func nestedSourceIsRefused(source: String) {
        // Plain text may hold as many brackets as it likes.
        if !source.contains("{") {
            #expect(throws: Never.self) { try render(source) }
        } else {
            #expect(throws: TemplateError.self) { try render(source) }
        }
    }

    @Test func deepDataIsRefused() {
        var value = JSON.array([])
        for _ in 0..<10_000 { value = .array([value]) }
        #expect("too deep") { try render("{{ x | tojson }}", ["x": value]) } throws: { isLimit($0) }
        // Freed level by level, for the tree's own sake.
        while case .array(let elements) = value, let first = elements.first { value = first }
    }

    @Test func valuesThatHoldThemselvesArePrinted() throws {
        let source = "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}{{ [ns] }}{{ ns == ns }}"
        let text = try render(source)
        #expect(
            text
                == "<Namespace {'x': <Namespace {...}>}>[<Namespace {'x': <Namespace {...}>}>]True"
        )
    }

    @Test func longChainsOfNamespacesAndMacrosAreFreed() throws {
        let chain = """
            {% set ns = namespace(x=none) %}
            {% for i in range(20000) %}{% set ns.x = namespace(y=ns.x) %}{% endfor %}
            """
        #expect(throws: Never.self) { try render(chain, limits: TemplateLimits()) }
        let macros = """
            {% set ns = namespace(x=none) %}
            {% macro f(g) %}{% macro h() %}{{ g }}{% endmacro %}{% set ns.x = h %}{% endmacro %}
            {% for i in range(5000) %}{{ f(ns.x) }}{% endfor %}
            """
        #expect(throws: Never.self) { try render(macros, limits: TemplateLimits()) }
    }

    @Test func hugeSourceIsRefused() {
        let source = String(repeating: "x", count: 5 << 20)
        #expect("size") { try ChatTemplate(source) } throws: { isLimit($0) }
    }
}
