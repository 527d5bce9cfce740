package import QuireCheckpoint
package import QuireKernels

/// One architecture: how its `config.json` is read, and how its model is built.
package protocol Architecture: SendableMetatype {
    /// Sizes, known before any weight is read; memory is planned from them.
    static func configuration(
        _ json: ModelConfiguration
    ) throws(CheckpointError) -> DecoderConfiguration

    /// Takes the weights and makes the model. Every tensor of the checkpoint must be taken.
    static func make<Device: Backend>(
        _ weights: WeightScope<Device>,
        _ configuration: DecoderConfiguration,
        _ limits: ModelLimits
    ) throws(CheckpointError) -> any LanguageModel<Device>
}

/// Which class names of `config.json` this project can run.
package enum ModelRegistry {
    private static let architectures: [String: any Architecture.Type] = [
        "LlamaForCausalLM": Llama.self,
        "MistralForCausalLM": Mistral.self,
        "Qwen2ForCausalLM": Qwen2.self,
        "Qwen3ForCausalLM": Qwen3.self,
    ]

    /// The names, for messages and documentation.
    package static var names: [String] { architectures.keys.sorted() }

    /// The architecture that a configuration names.
    package static func architecture(
        of configuration: ModelConfiguration
    ) throws(CheckpointError) -> any Architecture.Type {
        let name = try configuration.architecture
        guard let architecture = architectures[name] else {
            throw CheckpointError(
                configuration.path,
                "\(name) is not supported; \(names.joined(separator: ", ")) are"
            )
        }
        if let method = configuration.quantizationMethod {
            throw CheckpointError(
                configuration.path,
                "quantised weights (\(method)) are not supported yet; use the unquantised model"
            )
        }
        return architecture
    }
}
