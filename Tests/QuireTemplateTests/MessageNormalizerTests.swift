import QuireJSON
import QuireTemplate
import QuireTestSupport
import Testing

/// Messages before they reach a template, and how its format is told.
@Suite struct MessageNormalizerTests {
    private func normalized(_ text: String, _ format: ContentFormat = .string) throws -> JSON {
        let messages = try #require(JSON(parsing: text).array)
        return .array(try MessageNormalizer(contentFormat: format).normalized(messages))
    }

    private func expect(_ format: ContentFormat, _ text: String, gives expected: String) throws {
        let result = try normalized(text, format)
        let expected = try JSON(parsing: expected)
        #expect(result == expected)
    }

    @Test func partsBecomeATextOrStayParts() throws {
        let parts = """
            [{"role": "user", "content": [{"type": "text", "text": "a"}, "b",
              {"type": "refusal", "refusal": "c"}, {"type": "text", "text": null}]}]
            """
        try expect(.string, parts, gives: #"[{"role": "user", "content": "a\nb\nc"}]"#)
        try expect(
            .openai,
            parts,
            gives: """
                [{"role": "user", "content": [{"type": "text", "text": "a"},
                  {"type": "text", "text": "b"}, {"type": "text", "text": "c"}]}]
                """
        )
    }

    @Test func textsAreWrappedForTemplatesThatWalkParts() throws {
        let text = #"[{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]"#
        try expect(.string, text, gives: text)
        try expect(
            .openai,
            text,
            gives: """
                [{"role": "user", "content": [{"type": "text", "text": "a"}]},
                 {"role": "tool", "content": "b"}]
                """
        )
    }

    @Test func missingContentIsEmpty() throws {
        let text =
            #"[{"role": "assistant", "content": null, "tool_calls": null}, {"role": "user"}]"#
        try expect(
            .string,
            text,
            gives: #"[{"role": "assistant", "content": ""}, {"role": "user", "content": ""}]"#
        )
        try expect(
            .openai,
            text,
            gives: #"[{"role": "assistant", "content": []}, {"role": "user", "content": []}]"#
        )
    }

    @Test func argumentsOfToolCallsBecomeObjects() throws {
        func call(_ arguments: String) -> String {
            #"[{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "#
                + #""arguments": \#(arguments)}}]}]"#
        }
        try expect(.string, call(#""{\"a\": 1.0}""#), gives: call(#"{"a": 1.0}"#))
        try expect(.string, call("\"\""), gives: call("{}"))
        try expect(.string, call("null"), gives: call("{}"))
        try expect(.string, call(#""not json""#), gives: call(#""not json""#))
        try expect(.string, call(#""[1]""#), gives: call(#""[1]""#))
        try expect(.string, call(#"{"b": 2}"#), gives: call(#"{"b": 2}"#))
        let deep = String(repeating: "[", count: 5000)
        try expect(.string, call("\"\(deep)\""), gives: call("\"\(deep)\""))
    }

    @Test(
        arguments: [
            #"[1]"#, #"[{"role": "user", "content": 1}]"#, #"[{"role": "user", "content": {}}]"#,
            #"[{"role": "user", "content": [1]}]"#, #"[{"role": "user", "content": [{}]}]"#,
            #"[{"role": "user", "content": [{"type": "text", "text": 1}]}]"#,
            #"[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]"#,
            #"[{"role": "assistant", "tool_calls": 1}]"#,
        ]
    )
    func wrongShapesAreRefused(text: String) throws {
        #expect("\(text)") {
            try normalized(text)
        } throws: { error in
            if case TemplateError.refused = error { true } else { false }
        }
    }

    @Test func formatIsToldFromTheTemplate() throws {
        let cases: [(String, ContentFormat)] = [
            ("{% for m in messages %}{{ m.content }}{% endfor %}", .string),
            ("{% for m in messages %}{% for c in m.content %}{% endfor %}{% endfor %}", .openai),
            (
                "{% for m in messages[1:] | list %}{% for c in m['content'] | list %}{% endfor %}"
                    + "{% endfor %}", .openai
            ),
            (
                "{% set a = messages %}{% set b = a[1:] %}{% for m in b %}{% if m %}"
                    + "{% for c in m.content[:2] %}{% endfor %}{% endif %}{% endfor %}", .openai
            ),
            ("{% for m in messages %}{% for c in m.tool_calls %}{% endfor %}{% endfor %}", .string),
            ("{% for m in other %}{% for c in m.content %}{% endfor %}{% endfor %}", .string),
            ("no messages at all", .string),
            ("{% set messages = messages %}{% set a = b %}{% set b = a %}", .string),
        ]
        for (source, format) in cases {
            #expect(try ChatTemplate(source).contentFormat == format, "\(source)")
        }
    }

    @Test func formatsOfRealTemplates() throws {
        let openai: Set = [
            "GLM-4.6", "Qwen2.5-VL", "THUDM-GLM-4V", "google-gemma-3-it",
        ]
        for name in GoldenTests.templates {
            let template = try ChatTemplate(Assets.text("chat_templates/\(name).jinja"))
            #expect(
                template.contentFormat == (openai.contains(name) ? .openai : .string),
                "\(name)"
            )
        }
    }
}
