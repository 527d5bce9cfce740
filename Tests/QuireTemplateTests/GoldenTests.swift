import QuireJSON
import QuireTemplate
import QuireTestSupport
import Testing

/// The 22 templates of real models over 24 conversations, against transformers' output.
@Suite struct GoldenTests {
    static let templates = [
        "CohereForAI-c4ai-command-r7b-12-2024-tool_use", "GLM-4.6", "HuggingFaceTB-SmolLM3-3B",
        "Kimi-K2-Instruct", "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use",
        "Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "Qwen2.5-VL", "THUDM-GLM-4V", "Yi",
        "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-ai-DeepSeek-V3.1",
        "google-gemma-2-2b-it", "google-gemma-3-it", "ibm-granite-granite-3.3-2B-Instruct",
        "meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.2-3B-Instruct",
        "microsoft-Phi-3.5-mini-instruct", "microsoft-phi-4", "mistralai-Mistral-7B-Instruct",
        "mistralai-Mistral-Nemo-Instruct-2407", "openai-gpt-oss-120b",
    ]

    @Test(arguments: templates)
    func rendersAsTransformersDoes(name: String) throws {
        let template = try ChatTemplate(Assets.text("chat_templates/\(name).jinja"))
        let golden = try Assets.json("chat_templates/golden/\(name).json")
        let conversations = try #require(
            Assets.json("chat_templates/conversations.json").object
        )
        let cases = try #require(golden["cases"]?.object)
        #expect(cases.members.count == 24)
        for member in cases.members {
            let conversation = try #require(conversations[member.key])
            let input = try ChatTemplateInput(conversation: conversation, golden: golden)
            let comment = Comment(rawValue: "\(name), \(member.key)")
            if let expected = member.value["rendered"]?.string {
                #expect(throws: Never.self, comment) {
                    let rendered = try template.render(input)
                    #expect(Array(rendered.utf8) == Array(expected.utf8), comment)
                }
            } else if member.value["kind"]?.string == "raise_exception" {
                let message = try #require(member.value["message"]?.string)
                #expect(throws: TemplateError.refused(message), comment) {
                    try template.render(input)
                }
            } else {
                #expect(throws: TemplateError.self, comment) { try template.render(input) }
            }
        }
    }
}

extension ChatTemplateInput {
    /// The input that one of the recorded conversations stands for.
    init(conversation: JSON, golden: JSON) throws {
        self.init(
            messages: try #require(conversation["messages"]?.array),
            tools: conversation["tools"]?.array ?? [],
            documents: conversation["documents"]?.array,
            addGenerationPrompt: try #require(conversation["add_generation_prompt"]?.bool as Bool?),
            continueFinalMessage: try #require(
                conversation["continue_final_message"]?.bool as Bool?
            ),
            arguments: conversation["kwargs"]?.object ?? [:],
            specialTokens: try #require(golden["special_tokens"]?.object),
            now: TemplateTime(year: 2026, month: 1, day: 15, hour: 9, minute: 30)
        )
    }
}
