import QuireCheckpoint
import QuireKernels

/// Llama 2, 3, 3.1 and 3.2, and the many models published in its layout.
///
/// https://github.com/meta-llama/llama-models; layout of `LlamaForCausalLM` in transformers.
enum Llama: Architecture {
    static func configuration(
        _ json: ModelConfiguration
    ) throws(CheckpointError) -> DecoderConfiguration {
        guard try !json.flag("mlp_bias", default: false) else {
            throw CheckpointError(json.path, "mlp_bias is not supported")
        }
        return try DecoderConfiguration(json)
    }

    static func make<Device: Backend>(
        _ weights: WeightScope<Device>,
        _ configuration: DecoderConfiguration,
        _ limits: ModelLimits
    ) throws(CheckpointError) -> any LanguageModel<Device> {
        let hasBias = try weights.configuration.flag("attention_bias", default: false)
        return try PreNormDecoder(
            weights,
            configuration: configuration,
            options: .init(qkvBias: hasBias, outputBias: hasBias),
            limits: limits
        )
    }
}
