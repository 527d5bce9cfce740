/// Names one request's place in its lane: a row of the lane's table and the row's generation.
///
/// The lane gives slots out and takes them back; the generation lets it ignore what arrives late
/// for a row that has been given to another request since.
package struct SlotID: Sendable, Hashable {
    package var index: Int32
    package var generation: UInt32

    package init(index: Int32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}

/// Where a request's output goes: a lane (one event loop of the server) and a slot in it.
package struct OutputAddress: Sendable, Hashable {
    package var lane: Int
    package var slot: SlotID

    package init(lane: Int, slot: SlotID) {
        self.lane = lane
        self.slot = slot
    }
}

/// One sequence to generate, as the engine is given it.
///
/// It is validated, tokenised, and has every default filled in. A client's `n = 3` is three of these.
package struct EngineRequest: Sendable {
    package var address: OutputAddress
    /// At least one token, fewer than the model's context.
    package var promptTokens: [Int32]
    package var sampling: SamplingParameters
    /// Lower runs first, as in vLLM's `priority`.
    package var priority: Int
    /// Who the prefix cache's blocks belong to; requests of different salts share none.
    package var cacheSalt: String
    /// When the server received it, in nanoseconds of the engine's clock.
    package var arrivalNanoseconds: UInt64

    package init(
        address: OutputAddress,
        promptTokens: [Int32],
        sampling: SamplingParameters,
        priority: Int = 0,
        cacheSalt: String = "",
        arrivalNanoseconds: UInt64
    ) {
        self.address = address
        self.promptTokens = promptTokens
        self.sampling = sampling
        self.priority = priority
        self.cacheSalt = cacheSalt
        self.arrivalNanoseconds = arrivalNanoseconds
    }
}
