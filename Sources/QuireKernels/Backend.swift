/// The kernel seam: all that a model may ask of a device.
///
/// Models are generic over it, so that calls are dispatched statically. Every call works on the
/// rows of the batch given to `begin(_:)`, writes only into buffers made at start, allocates
/// nothing, and may return before the device is done (`withHostRows` waits). Errors do not come from
/// here: a device that fails reports it from the executor's step.
///
/// Shapes: an activation buffer is row-major f32 `[rows, columns]`; a weight is
/// `[outputs, inputs]` and computes `y = x · Wᵀ + bias`.
///
/// **Batch invariance.** The result of a row depends on nothing but that row's own sequence: not
/// on the other rows, not on how a prompt was cut into steps, not on the number of threads. Each
/// sum runs in one fixed order per output element.
package protocol Backend {
    /// Device memory for activations, made once.
    associatedtype Buffer
    /// A matrix laid out once for the GEMM that reads it, with an optional bias.
    associatedtype Weight
    /// A table of which rows are looked up by token id.
    associatedtype Embedding
    /// The paged keys and values of all layers.
    associatedtype Cache

    // MARK: Made at start

    /// A zeroed activation buffer.
    func makeBuffer(rows: Int, columns: Int) -> Buffer

    /// A constant vector (a norm's weight, inverse frequencies), converted to f32.
    func makeVector(_ source: HostMatrix) -> Buffer

    /// A linear weight: the parts' rows one after the other (q, k, v in one), all of one column
    /// count, kept as `type` (`.f32` or `.bf16`). `bias` has one value per row of all parts.
    func makeWeight(_ parts: [HostMatrix], as type: ElementType, bias: [Float]?) -> Weight

    /// The two halves of a gated MLP in one weight, for `gateUp`; both `[intermediate, hidden]`.
    func makeGateUp(gate: HostMatrix, up: HostMatrix, as type: ElementType) -> Weight

    /// A token embedding `[vocabulary, hidden]`. It may keep reading from the source's memory.
    func makeEmbedding(_ source: HostMatrix) -> Embedding

    /// The key-value cache: `blockCount` blocks of `blockSize` tokens in each of `layerCount` layers.
    func makeCache(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int,
        keyValueHeads: Int,
        headDimension: Int
    ) -> Cache

    // MARK: Called in each step, in order

    /// Takes the step's batch; the calls below refer to it until the next `begin`.
    func begin(_ batch: StepBatch)

    /// `x[row] = table[token of row]`.
    func embed(_ table: Embedding, into x: Buffer)

    /// Cosines, then sines, of `position × inverseFrequency`, times `scale`:
    /// `angles[row] = [cos × half, sin × half]`, `half` being the count of inverse frequencies.
    func rotaryAngles(_ inverseFrequencies: Buffer, scale: Float, into angles: Buffer)

    /// RMSNorm: `y = x / sqrt(mean(x²) + epsilon) × weight`.
    func norm(_ x: Buffer, weight: Buffer, epsilon: Float, into y: Buffer)

    /// `residual += delta`, then `y = norm(residual)`, in one pass.
    func addNorm(
        residual: Buffer,
        adding delta: Buffer,
        weight: Buffer,
        epsilon: Float,
        into y: Buffer
    )

    /// `y = x · Wᵀ + bias`.
    func linear(_ x: Buffer, _ weight: Weight, into y: Buffer)

    /// `y = silu(x · gateᵀ) × (x · upᵀ)`.
    func gateUp(_ x: Buffer, _ weight: Weight, into y: Buffer)

    /// Per row of `qkv` (`[queries | keys | values]`, head by head): the heads' norms if given,
    /// then rotation of the first and second half of each query and key head (the NeoX layout), then the key and
    /// value go to the row's slot of `layer`. Queries are rotated in place.
    func qkvWrite(
        _ qkv: Buffer,
        shape: AttentionShape,
        queryNorm: Buffer?,
        keyNorm: Buffer?,
        epsilon: Float,
        angles: Buffer,
        cache: Cache,
        layer: Int
    )

    /// Causal attention of each row's queries (in `qkv`, as `qkvWrite` left them) over its
    /// sequence's cached tokens, from position `max(0, position - window + 1)` to its own.
    /// `y` is `[rows, queryHeads × headDimension]`.
    func attention(_ qkv: Buffer, shape: AttentionShape, cache: Cache, layer: Int, into y: Buffer)

    /// Logits of the batch's `logitsRows`, in that order: `y[i] = x[logitsRows[i]] · Wᵀ`.
    func logits(_ x: Buffer, _ weight: Weight, into y: Buffer)

    /// Waits for the device, then lends the first `rows` rows of `buffer` to the host, which may
    /// change them.
    func withHostRows<R>(
        of buffer: Buffer,
        rows: Int,
        _ body: (UnsafeMutableBufferPointer<Float>) -> R
    ) -> R
}

/// The shape of an attention layer.
package struct AttentionShape: Sendable, Hashable {
    package var queryHeads: Int
    /// A divisor of `queryHeads`: several query heads share one key-value head.
    package var keyValueHeads: Int
    package var headDimension: Int
    /// What scores are multiplied with, most often `1 / sqrt(headDimension)`.
    package var scale: Float
    /// How many tokens back a row may look, its own included; `nil` is all of them.
    package var slidingWindow: Int?

    package init(
        queryHeads: Int,
        keyValueHeads: Int,
        headDimension: Int,
        scale: Float,
        slidingWindow: Int? = nil
    ) {
        precondition(
            keyValueHeads > 0 && queryHeads % keyValueHeads == 0,
            "query heads per key-value head"
        )
        self.queryHeads = queryHeads
        self.keyValueHeads = keyValueHeads
        self.headDimension = headDimension
        self.scale = scale
        self.slidingWindow = slidingWindow
    }

    /// Columns of the fused query-key-value activation.
    package var qkvColumns: Int { (queryHeads + 2 * keyValueHeads) * headDimension }
    /// Columns of the queries, and of the attention's output.
    package var queryColumns: Int { queryHeads * headDimension }
}
