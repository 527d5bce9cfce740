package import QuireCheckpoint
package import QuireKernels

/// The sizes that every decoder of the Llama family reads from `config.json`.
///
/// Bounds are generous (ten times any published model) and exist so that no product of two of
/// them overflows.
package struct DecoderConfiguration: Sendable, Hashable {
    package var vocabularySize: Int
    package var hiddenSize: Int
    package var intermediateSize: Int
    package var layerCount: Int
    package var queryHeads: Int
    package var keyValueHeads: Int
    package var headDimension: Int
    package var maxContext: Int
    package var normEpsilon: Float
    package var rotary: ModelConfiguration.Rotary
    package var tiesEmbeddings: Bool
    /// How many tokens back a row may look; `nil` is all of them.
    package var slidingWindow: Int?

    package init(_ json: ModelConfiguration) throws(CheckpointError) {
        vocabularySize = try json.integer("vocab_size", in: 1...4_000_000)
        hiddenSize = try json.integer("hidden_size", in: 8...262_144)
        intermediateSize = try json.integer("intermediate_size", in: 1...1_048_576)
        layerCount = try json.integer("num_hidden_layers", in: 1...1024)
        queryHeads = try json.integer("num_attention_heads", in: 1...1024)
        keyValueHeads =
            try json.optionalInteger("num_key_value_heads", in: 1...1024) ?? queryHeads
        headDimension =
            try json.optionalInteger("head_dim", in: 2...1024) ?? hiddenSize / queryHeads
        maxContext =
            try json.optionalInteger("max_position_embeddings", in: 1...100_000_000) ?? 2048
        normEpsilon = Float(try json.number("rms_norm_eps", default: 1e-6, in: 0...1))
        rotary = try json.rotary()
        tiesEmbeddings = try json.flag("tie_word_embeddings", default: false)
        slidingWindow = nil
        guard queryHeads % keyValueHeads == 0 else {
            throw CheckpointError(
                json.path,
                """
                \(queryHeads) attention heads cannot be shared out over \(keyValueHeads) \
                key-value heads
                """
            )
        }
        guard headDimension > 0, headDimension % 8 == 0 else {
            throw CheckpointError(
                json.path,
                "a head dimension of \(headDimension) is not supported; multiples of 8 are"
            )
        }
        try Self.refuseOtherMathematics(json)
        let activation = json.text("hidden_act") ?? "silu"
        guard activation == "silu" else {
            throw CheckpointError(
                json.path,
                "hidden_act \"\(activation)\" is not supported; silu is"
            )
        }
    }

    /// Settings of relatives of these models that would change what is computed: a file that has one
    /// switched on must not be answered from as if it had not.
    private static func refuseOtherMathematics(
        _ json: ModelConfiguration
    ) throws(CheckpointError) {
        for (key, neutral) in [
            ("partial_rotary_factor", 1.0), ("logit_scale", 1), ("embedding_multiplier", 1),
            ("residual_multiplier", 1), ("logits_scaling", 1),
        ] where try json.number(key, default: neutral, in: -1e9...1e9) != neutral {
            throw CheckpointError(json.path, "\"\(key)\" is not supported")
        }
        for key in ["final_logit_softcapping", "attn_logit_softcapping", "attention_multiplier"] {
            guard !json.isSet(key) else {
                throw CheckpointError(json.path, "\"\(key)\" is not supported")
            }
        }
        let kinds = Set(json.texts("layer_types"))
        let isMistral = json.text("model_type") == "mistral"
        guard
            kinds.isSubset(of: ["full_attention"])
                || isMistral && kinds == ["sliding_attention"]
        else {
            throw CheckpointError(
                json.path,
                "\"layer_types\" holds \(kinds.sorted().joined(separator: ", ")); only "
                    + "full_attention in every layer is supported"
            )
        }
    }

    package var attention: AttentionShape {
        AttentionShape(
            queryHeads: queryHeads,
            keyValueHeads: keyValueHeads,
            headDimension: headDimension,
            scale: 1 / Float(headDimension).squareRoot(),
            slidingWindow: slidingWindow
        )
    }

    /// Bytes that one token's keys and values take in all layers (f32).
    package var cacheBytesPerToken: Int {
        layerCount * 2 * keyValueHeads * headDimension * MemoryLayout<Float>.size
    }

    /// Bytes of a step's activation buffers.
    package func activationBytes(_ limits: ModelLimits) -> Int {
        let attention = attention
        let columns =
            3 * hiddenSize + attention.qkvColumns + attention.queryColumns + intermediateSize
            + headDimension
        return MemoryLayout<Float>.size
            * (limits.maxRows * columns + limits.maxLogitsRows * vocabularySize)
    }
}
