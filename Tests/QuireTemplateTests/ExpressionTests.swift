import QuireJSON
import QuireTemplate
import Testing

/// Small templates against jinja2 itself (the fixture names its version).
@Suite struct ExpressionTests {
    let fixture: JSON

    init() throws { fixture = try JSON(parsing: jinjaExpressions) }

    private func render(_ source: String) throws -> String {
        let variables = try #require(fixture["variables"]?.object)
        let input = ChatTemplateInput(
            messages: [],
            arguments: variables,
            now: TemplateTime(year: 2026, month: 1, day: 15, hour: 9, minute: 30)
        )
        return try ChatTemplate(source).render(input)
    }

    private func pairs(_ key: String) throws -> [(source: String, result: JSON)] {
        try #require(fixture[key]?.array).map { pair in
            let source = try #require(pair.array?.first?.string)
            return (source, try #require(pair.array?.last))
        }
    }

    @Test func textsAreThoseOfJinja() throws {
        let cases = try pairs("cases")
        #expect(cases.count > 400)
        for (source, result) in cases {
            let expected = try #require(result.string)
            #expect(throws: Never.self, "\(source)") {
                let text = try render(source)
                #expect(Array(text.utf8) == Array(expected.utf8), "\(source): \(text)")
            }
        }
    }

    @Test func whatFailsInJinjaFailsHere() throws {
        for (source, result) in try pairs("errors") {
            #expect(throws: TemplateError.self, "\(source): \(result)") { try render(source) }
        }
    }

    @Test func syntaxErrorsNameTheLineThatJinjaNames() throws {
        let cases = try pairs("syntax_errors")
        #expect(cases.count > 60)
        for (source, line) in cases {
            do {
                _ = try ChatTemplate(source)
                Issue.record("parsed: \(source)")
            } catch TemplateError.syntax(_, let found) {
                #expect(found == line.int, "\(source)")
            }
        }
    }
}
