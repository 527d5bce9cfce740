import QuireJSON
import QuireTemplate
import Testing

/// What rendering a conversation means beyond the template language.
@Suite struct ChatTemplateTests {
    private let chatML = """
        {% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>
        {% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}
        """

    private func message(_ role: String, _ content: JSON) -> JSON {
        .object(["role": .string(role), "content": content])
    }

    @Test func refusalsCarryTheTemplatesMessage() throws {
        let template = try ChatTemplate("{{ raise_exception('Roles must ' ~ 'alternate') }}")
        #expect(throws: TemplateError.refused("Roles must alternate")) {
            try template.render(ChatTemplateInput(messages: []))
        }
    }

    @Test func errorsNameTheLine() throws {
        let template = try ChatTemplate("a\n\n{% if true %}\n{{ x.y }}\n{% endif %}")
        #expect(throws: TemplateError.failed("'x' is undefined", line: 4)) {
            try template.render(ChatTemplateInput(messages: []))
        }
        #expect(throws: TemplateError.syntax("no filter named 'nope'", line: 2)) {
            try ChatTemplate("a\n{{ x | nope }}")
        }
    }

    @Test func unknownFiltersInBranchesOnlyFailWhenReached() throws {
        let source = "{% if use %}{{ 1 | nope }}{{ 1 is nope }}{% else %}ok{% endif %}"
        let template = try ChatTemplate(source)
        #expect(try template.render(ChatTemplateInput(messages: [])) == "ok")
        let input = ChatTemplateInput(messages: [], arguments: ["use": .bool(true)])
        #expect(throws: TemplateError.failed("no filter named 'nope'", line: 1)) {
            try template.render(input)
        }
    }

    @Test func absentToolsAreNone() throws {
        let template = try ChatTemplate("{{ tools }} {{ documents }} {{ tools is defined }}")
        #expect(try template.render(ChatTemplateInput(messages: [])) == "None None True")
    }

    @Test func argumentsWinOverSpecialTokens() throws {
        let template = try ChatTemplate("{{ bos_token }}|{{ eos_token is defined }}|{{ extra }}")
        let input = ChatTemplateInput(
            messages: [],
            arguments: ["extra": .int(1), "bos_token": .string("B")],
            specialTokens: ["bos_token": .string("<s>"), "eos_token": .null]
        )
        #expect(try template.render(input) == "B|False|1")
    }

    @Test func finalMessageIsContinued() throws {
        let template = try ChatTemplate(chatML)
        var input = ChatTemplateInput(
            messages: [message("user", .string("Hi")), message("assistant", .string("Well, "))],
            addGenerationPrompt: false,
            continueFinalMessage: true
        )
        #expect(try template.render(input) == "<|user|>Hi<|end|>\n<|assistant|>Well, ")

        let trimming = try ChatTemplate(
            "{% for m in messages %}<{{ m.content | trim }}>{% endfor %}"
        )
        #expect(try trimming.render(input) == "<Hi><Well,")

        let dropping = try ChatTemplate("{{ messages[0].content }}")
        #expect(throws: TemplateError.self) { try dropping.render(input) }

        input.messages = []
        #expect(throws: TemplateError.self) { try template.render(input) }
        input.messages = [message("assistant", .null)]
        #expect(throws: TemplateError.self) { try template.render(input) }
        input.messages = [message("assistant", .array([.object(["type": .string("image")])]))]
        #expect(throws: TemplateError.self) { try template.render(input) }
    }

    @Test func partsOfTheFinalMessageAreContinued() throws {
        let source =
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}!{% endfor %}"
        let parts = JSON.array([
            .object(["type": .string("text"), "text": .string("one ")]),
            .object(["type": .string("text"), "text": .string("two")]),
        ])
        let input = ChatTemplateInput(
            messages: [message("assistant", parts)],
            addGenerationPrompt: false,
            continueFinalMessage: true
        )
        #expect(try ChatTemplate(source).render(input) == "one two")
    }

    @Test func reasoningIsFoundUnderEveryName() throws {
        let template = try ChatTemplate(
            "{{ messages[0].thinking }}|{{ messages[0].reasoning_content }}"
        )
        for name in ["thinking", "reasoning", "reasoning_content"] {
            let message = JSON.object(["role": .string("assistant"), name: .string("hm")])
            #expect(try template.render(ChatTemplateInput(messages: [message])) == "hm|hm")
        }
    }

    @Test func oneTemplateServesManyThreads() async throws {
        let template = try ChatTemplate(chatML)
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<64 {
                group.addTask {
                    let content = JSON.string("message \(index % 4)")
                    let message = JSON.object(["role": .string("user"), "content": content])
                    return try template.render(ChatTemplateInput(messages: [message]))
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(texts.count == 4)
    }

    @Test func civilTimeFollowsTheCalendar() {
        #expect(
            TemplateTime(secondsSince1970: 951_782_400)
                == TemplateTime(year: 2000, month: 2, day: 29)
        )
        #expect(
            TemplateTime(secondsSince1970: -1)
                == TemplateTime(year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59)
        )
        #expect(
            TemplateTime(secondsSince1970: 1_768_469_400)
                == TemplateTime(year: 2026, month: 1, day: 15, hour: 9, minute: 30)
        )
        _ = TemplateTime(secondsSince1970: .max, offsetSeconds: 86_400)
        _ = TemplateTime(secondsSince1970: .min, offsetSeconds: -86_400)
        let time = TemplateTime(year: 2024, month: 12, day: 31, hour: 0, minute: 5)
        #expect(
            time.formatted("%a %j %I%p %-I %W %U %e|%-e %q %") == "Tue 366 12AM 12 53 52 31|31 %q %"
        )
    }
}
