import QuireCheckpoint
import QuireKernels

/// Mistral 7B and its successors: Llama's layers, and in the first release a sliding window.
///
/// https://arxiv.org/abs/2310.06825; layout of `MistralForCausalLM` in transformers.
enum Mistral: Architecture {
    static func configuration(
        _ json: ModelConfiguration
    ) throws(CheckpointError) -> DecoderConfiguration {
        var configuration = try DecoderConfiguration(json)
        configuration.slidingWindow = try json.optionalInteger(
            "sliding_window",
            in: 1...100_000_000
        )
        return configuration
    }

    static func make<Device: Backend>(
        _ weights: WeightScope<Device>,
        _ configuration: DecoderConfiguration,
        _ limits: ModelLimits
    ) throws(CheckpointError) -> any LanguageModel<Device> {
        try PreNormDecoder(
            weights,
            configuration: configuration,
            options: .init(),
            limits: limits
        )
    }
}
