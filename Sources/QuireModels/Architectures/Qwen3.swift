import QuireCheckpoint
import QuireKernels

/// Qwen3 (dense): Llama's layers with a norm on each query and key head, and no biases.
///
/// https://arxiv.org/abs/2505.09388; layout of `Qwen3ForCausalLM` in transformers.
enum Qwen3: Architecture {
    static func configuration(
        _ json: ModelConfiguration
    ) throws(CheckpointError) -> DecoderConfiguration {
        try Qwen2.refuseSlidingWindow(json)
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
            options: .init(qkvBias: hasBias, outputBias: hasBias, headNorms: true),
            limits: limits
        )
    }
}
