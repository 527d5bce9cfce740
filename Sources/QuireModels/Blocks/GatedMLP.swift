import QuireCheckpoint
package import QuireKernels

/// The feed-forward part of a layer: `down(silu(gate(x)) × up(x))`.
package struct GatedMLP<Device: Backend> {
    let gateUp: Device.Weight
    let down: Device.Weight

    init(
        _ weights: WeightScope<Device>,
        _ configuration: DecoderConfiguration
    ) throws(CheckpointError) {
        gateUp = try weights.gateUp(
            gate: "gate_proj",
            up: "up_proj",
            inputs: configuration.hiddenSize,
            outputs: configuration.intermediateSize
        )
        down = try weights.linear(
            "down_proj",
            inputs: configuration.intermediateSize,
            outputs: configuration.hiddenSize
        )
    }

    /// `y = mlp(x)`.
    func callAsFunction(
        _ x: Device.Buffer,
        into y: Device.Buffer,
        scratch: DecoderScratch<Device>,
        on backend: Device
    ) {
        backend.gateUp(x, gateUp, into: scratch.gated)
        backend.linear(scratch.gated, down, into: y)
    }
}
