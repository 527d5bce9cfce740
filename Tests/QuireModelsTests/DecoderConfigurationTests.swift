import QuireCheckpoint
import QuireJSON
import QuireModels
import Testing

/// What a `config.json` may switch on and these models do not compute.
@Suite struct DecoderConfigurationTests {
    private func configuration(
        _ architecture: String,
        _ members: String
    ) throws -> DecoderConfiguration {
        let json = ModelConfiguration(
            path: "config.json",
            json: try JSON(
                parsing: """
                    {"architectures": ["\(architecture)"], "vocab_size": 256, "hidden_size": 16,
                     "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
                     \(members)}
                    """
            )
        )
        return try ModelRegistry.architecture(of: json).configuration(json)
    }

    @Test(arguments: [
        (
            "Qwen2ForCausalLM",
            #""model_type": "qwen2", "layer_types": ["full_attention", "sliding_attention"]"#,
            "sliding_attention"
        ),
        ("LlamaForCausalLM", #""layer_types": ["linear_attention", 7]"#, "linear_attention"),
        ("LlamaForCausalLM", #""partial_rotary_factor": 0.5"#, "partial_rotary_factor"),
        ("LlamaForCausalLM", #""final_logit_softcapping": 30.0"#, "final_logit_softcapping"),
        ("LlamaForCausalLM", #""attn_logit_softcapping": 50.0"#, "attn_logit_softcapping"),
        ("LlamaForCausalLM", #""attention_multiplier": 0.1"#, "attention_multiplier"),
        ("LlamaForCausalLM", #""logits_scaling": 8.0"#, "logits_scaling"),
        ("Qwen2ForCausalLM", #""use_sliding_window": true"#, "use_sliding_window"),
        ("LlamaForCausalLM", #""hidden_act": "gelu""#, "gelu"),
        ("LlamaForCausalLM", #""head_dim": 12"#, "head dimension of 12"),
        ("LlamaForCausalLM", #""num_key_value_heads": 3"#, "cannot be shared out"),
    ])
    func otherMathematicsIsRefused(architecture: String, members: String, name: String) throws {
        let error = try #require(throws: CheckpointError.self) {
            try configuration(architecture, members)
        }
        #expect(error.message.contains(name), "\(error)")
    }

    @Test(arguments: [
        #""partial_rotary_factor": 1.0, "logits_scaling": 1"#,
        #""partial_rotary_factor": null, "final_logit_softcapping": null, "layer_types": null"#,
        #""layer_types": ["full_attention", "full_attention"], "use_sliding_window": false"#,
    ])
    func neutralSettingsAreTaken(members: String) throws {
        for name in ModelRegistry.names {
            #expect(try configuration(name, members).headDimension == 8, "\(name)")
        }
    }
}
