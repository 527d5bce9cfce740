import QuireCheckpoint
package import QuireKernels

/// Grouped-query self-attention with rotary positions over the paged cache.
package struct AttentionBlock<Device: Backend> {
    /// What differs between architectures.
    package struct Options: Sendable, Hashable {
        /// Biases on the query, key and value projections (Qwen2).
        package var qkvBias: Bool
        /// A bias on the output projection.
        package var outputBias: Bool
        /// RMSNorm on each query and key head before rotation (Qwen3).
        package var headNorms: Bool

        package init(qkvBias: Bool = false, outputBias: Bool = false, headNorms: Bool = false) {
            self.qkvBias = qkvBias
            self.outputBias = outputBias
            self.headNorms = headNorms
        }
    }

    let shape: AttentionShape
    let epsilon: Float
    let qkv: Device.Weight
    let output: Device.Weight
    let queryNorm: Device.Buffer?
    let keyNorm: Device.Buffer?

    init(
        _ weights: WeightScope<Device>,
        _ configuration: DecoderConfiguration,
        _ options: Options
    ) throws(CheckpointError) {
        shape = configuration.attention
        epsilon = configuration.normEpsilon
        let keyValueColumns = shape.keyValueHeads * shape.headDimension
        qkv = try weights.linear(
            [
                ("q_proj", shape.queryColumns), ("k_proj", keyValueColumns),
                ("v_proj", keyValueColumns),
            ],
            inputs: configuration.hiddenSize,
            bias: options.qkvBias
        )
        output = try weights.linear(
            "o_proj",
            inputs: shape.queryColumns,
            outputs: configuration.hiddenSize,
            bias: options.outputBias
        )
        queryNorm =
            options.headNorms
            ? try weights.vector("q_norm.weight", count: shape.headDimension) : nil
        keyNorm =
            options.headNorms
            ? try weights.vector("k_norm.weight", count: shape.headDimension) : nil
    }

    /// `y = attention(x)`, for layer `layer` of the cache.
    func callAsFunction(
        _ x: Device.Buffer,
        into y: Device.Buffer,
        scratch: DecoderScratch<Device>,
        layer: Int,
        on backend: Device
    ) {
        backend.linear(x, qkv, into: scratch.qkv)
        backend.qkvWrite(
            scratch.qkv,
            shape: shape,
            queryNorm: queryNorm,
            keyNorm: keyNorm,
            epsilon: epsilon,
            angles: scratch.angles,
            cache: scratch.cache,
            layer: layer
        )
        backend.attention(
            scratch.qkv,
            shape: shape,
            cache: scratch.cache,
            layer: layer,
            into: scratch.attended
        )
        backend.linear(scratch.attended, output, into: y)
    }
}
