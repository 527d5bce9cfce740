import QuireCheckpoint
import QuireKernels

/// Qwen2 and Qwen2.5: Llama's layers with biases on queries, keys and values.
///
/// https://arxiv.org/abs/2407.10671; layout of `Qwen2ForCausalLM` in transformers.
enum Qwen2: Architecture {
    static func configuration(
        _ json: ModelConfiguration
    ) throws(CheckpointError) -> DecoderConfiguration {
        try refuseSlidingWindow(json)
        return try DecoderConfiguration(json)
    }

    static func make<Device: Backend>(
        _ weights: WeightScope<Device>,
        _ configuration: DecoderConfiguration,
        _ limits: ModelLimits
    ) throws(CheckpointError) -> any LanguageModel<Device> {
        try PreNormDecoder(
            weights,
            configuration: configuration,
            options: .init(qkvBias: true),
            limits: limits
        )
    }

    /// Published checkpoints carry a `sliding_window` that is switched off; one that is on covers
    /// only the layers from `max_window_layers`.
    static func refuseSlidingWindow(_ json: ModelConfiguration) throws(CheckpointError) {
        guard try !json.flag("use_sliding_window", default: false) else {
            throw CheckpointError(json.path, "use_sliding_window is not supported")
        }
    }
}
