package import QuireCheckpoint
package import QuireKernels

/// A decoder of pre-norm layers: `x += attention(norm(x)); x += mlp(norm(x))`, a last norm, a head.
///
/// The Llama family is this with different ``AttentionBlock/Options``; an architecture whose layers
/// run otherwise writes its own `forward` from the same blocks.
package final class PreNormDecoder<Device: Backend>: LanguageModel {
    private struct Layer {
        let inputNorm: Device.Buffer
        let attention: AttentionBlock<Device>
        let postAttentionNorm: Device.Buffer
        let mlp: GatedMLP<Device>
    }

    private let epsilon: Float
    private let embedding: Device.Embedding
    private let layers: [Layer]
    private let finalNorm: Device.Buffer
    private let head: Device.Weight
    private let inverseFrequencies: Device.Buffer
    private let scratch: DecoderScratch<Device>

    package init(
        _ weights: WeightScope<Device>,
        configuration: DecoderConfiguration,
        options: AttentionBlock<Device>.Options,
        limits: ModelLimits
    ) throws(CheckpointError) {
        let model = weights("model")
        let hidden = configuration.hiddenSize
        epsilon = configuration.normEpsilon
        embedding = try model.embedding(
            "embed_tokens",
            rows: configuration.vocabularySize,
            columns: hidden
        )
        var layers: [Layer] = []
        for index in 0..<configuration.layerCount {
            let layer = model("layers")(index)
            layers.append(
                Layer(
                    inputNorm: try layer.vector("input_layernorm.weight", count: hidden),
                    attention: try AttentionBlock(layer("self_attn"), configuration, options),
                    postAttentionNorm: try layer.vector(
                        "post_attention_layernorm.weight",
                        count: hidden
                    ),
                    mlp: try GatedMLP(layer("mlp"), configuration)
                )
            )
        }
        self.layers = layers
        finalNorm = try model.vector("norm.weight", count: hidden)
        head = try weights.linear(
            configuration.tiesEmbeddings ? "model.embed_tokens" : "lm_head",
            inputs: hidden,
            outputs: configuration.vocabularySize
        )
        try weights.finish { name in
            // Constants that old exporters wrote, and the copy of a tied head.
            name.hasSuffix("rotary_emb.inv_freq")
                || configuration.tiesEmbeddings && name == "lm_head.weight"
        }
        inverseFrequencies = weights.backend.makeVector(
            HostMatrix(
                floats: configuration.rotary.inverseFrequencies(
                    headDimension: configuration.headDimension
                )
            )
        )
        scratch = DecoderScratch(configuration, limits, on: weights.backend)
    }

    package var logits: Device.Buffer { scratch.logits }

    package func forward(on backend: Device) {
        let (residual, normed, delta) = (scratch.residual, scratch.normed, scratch.delta)
        backend.embed(embedding, into: residual)
        backend.rotaryAngles(inverseFrequencies, scale: 1, into: scratch.angles)
        // By index: enumerated() allocates for each element of a generic type.
        for index in layers.indices {
            let layer = layers[index]
            if index == 0 {
                backend.norm(residual, weight: layer.inputNorm, epsilon: epsilon, into: normed)
            } else {
                backend.addNorm(
                    residual: residual,
                    adding: delta,
                    weight: layer.inputNorm,
                    epsilon: epsilon,
                    into: normed
                )
            }
            layer.attention(normed, into: delta, scratch: scratch, layer: index, on: backend)
            backend.addNorm(
                residual: residual,
                adding: delta,
                weight: layer.postAttentionNorm,
                epsilon: epsilon,
                into: normed
            )
            layer.mlp(normed, into: delta, scratch: scratch, on: backend)
        }
        backend.addNorm(
            residual: residual,
            adding: delta,
            weight: finalNorm,
            epsilon: epsilon,
            into: normed
        )
        backend.logits(normed, head, into: scratch.logits)
    }
}
