package import QuireKernels

/// The buffers that all layers of a decoder share, made once at the size of the largest step.
package struct DecoderScratch<Device: Backend> {
    /// The residual stream, `[rows, hidden]`.
    let residual: Device.Buffer
    /// A norm's output, the input of each block.
    let normed: Device.Buffer
    /// A block's output, added to the residual by the next norm.
    let delta: Device.Buffer
    let qkv: Device.Buffer
    let attended: Device.Buffer
    let gated: Device.Buffer
    /// Rotary cosines and sines of each row.
    let angles: Device.Buffer
    let logits: Device.Buffer
    let cache: Device.Cache

    init(_ configuration: DecoderConfiguration, _ limits: ModelLimits, on backend: Device) {
        let rows = limits.maxRows
        let attention = configuration.attention
        residual = backend.makeBuffer(rows: rows, columns: configuration.hiddenSize)
        normed = backend.makeBuffer(rows: rows, columns: configuration.hiddenSize)
        delta = backend.makeBuffer(rows: rows, columns: configuration.hiddenSize)
        qkv = backend.makeBuffer(rows: rows, columns: attention.qkvColumns)
        attended = backend.makeBuffer(rows: rows, columns: attention.queryColumns)
        gated = backend.makeBuffer(rows: rows, columns: configuration.intermediateSize)
        angles = backend.makeBuffer(rows: rows, columns: configuration.headDimension)
        logits = backend.makeBuffer(
            rows: limits.maxLogitsRows,
            columns: configuration.vocabularySize
        )
        cache = backend.makeCache(
            layerCount: configuration.layerCount,
            blockCount: limits.blockCount,
            blockSize: limits.blockSize,
            keyValueHeads: attention.keyValueHeads,
            headDimension: attention.headDimension
        )
    }
}
