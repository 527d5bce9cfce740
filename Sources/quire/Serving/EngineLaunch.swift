import QuireCheckpoint
import QuireEngine
import QuireJSON
import QuireKernels
import QuireModels
import QuireServer
import QuireTelemetry

/// From a model folder and flags to a running engine, with the memory planned in between.
struct EngineLaunch {
    let plan: MemoryPlan
    /// generation_config.json, if there is one.
    let generationConfiguration: JSON?
    private let checkpoint: Checkpoint
    private let architecture: any Architecture.Type
    private let decoder: DecoderConfiguration
    private let weightType: ElementType
    private let threadCount: Int
    private let enablesPrefixCaching: Bool

    /// Reads what is needed to plan; no weight is read yet.
    init(_ flags: ServeCommand, coreCount: Int) throws {
        checkpoint = try Checkpoint(folder: flags.model)
        generationConfiguration = try ModelFolder.json(flags.model, "generation_config.json")
        architecture = try ModelRegistry.architecture(of: checkpoint.configuration)
        decoder = try architecture.configuration(checkpoint.configuration)
        weightType = flags.dtype.elementType ?? checkpoint.automaticWeightType
        threadCount = flags.threads ?? coreCount
        enablesPrefixCaching = flags.enablePrefixCaching
        var maxContext: Int?
        if case .tokens(let count)? = flags.maxModelLen { maxContext = count }
        plan = try MemoryPlan(
            MemoryRequest(
                totalBytes: HostMemory.totalBytes(),
                utilization: flags.gpuMemoryUtilization,
                cacheBytes: flags.kvCacheMemoryBytes?.value,
                maxContext: maxContext,
                maxSequences: flags.maxNumSeqs,
                maxRows: flags.maxNumBatchedTokens.value,
                blockSize: flags.blockSize
            ),
            model: decoder,
            weightBytes: Self.weightBytes(checkpoint, decoder, weightType)
        )
    }

    /// The engine on its thread, its model loaded.
    func start(
        sink: any OutputSink,
        registry: inout MetricsRegistry,
        clock: ServerClock
    ) throws -> Engine {
        var generator = SystemRandomNumberGenerator()
        let configuration = EngineConfiguration(
            capacity: plan.capacity,
            prefixCacheKey: enablesPrefixCaching ? BlockHashKey(using: &generator) : nil,
            now: clock.nanoseconds
        )
        EngineMetrics.registerCache(configuration, in: &registry)
        let engine = Engine(
            configuration: configuration,
            metrics: EngineMetrics(&registry, maxContext: plan.maxContext),
            sink: sink
        )
        try engine.start {
            [architecture, decoder, checkpoint, weightType, threadCount, plan] in
            let backend = CPUBackend(threadCount: threadCount)
            let weights = WeightScope(checkpoint: checkpoint, backend: backend, type: weightType)
            let model = try architecture.make(weights, decoder, plan.limits)
            // The weights lie packed in memory of their own now.
            checkpoint.releasePages()
            return ModelExecutor(model: model, backend: backend, capacity: plan.capacity)
        }
        return engine
    }

    /// Where an answer ends: what generation_config.json says, else config.json, and the
    /// tokenizer's own end token.
    func endTokens(tokenizer: Int32?) -> [Int32] {
        let generation = ModelConfiguration.tokens(generationConfiguration?["eos_token_id"])
        var tokens = generation.isEmpty ? checkpoint.configuration.endTokens : generation
        if let tokenizer, !tokens.contains(tokenizer) { tokens.append(tokenizer) }
        return tokens.filter { $0 >= 0 && Int($0) < plan.capacity.vocabularySize }
    }

    /// Bytes of the weights as they are kept; a tied head is laid out beside its embedding.
    private static func weightBytes(
        _ checkpoint: Checkpoint,
        _ configuration: DecoderConfiguration,
        _ type: ElementType
    ) -> Int {
        var bytes = 0
        for tensor in checkpoint.tensors.values {
            let elements = tensor.shape.reduce(1, *)
            bytes += elements * (tensor.shape.count >= 2 ? type.byteCount : 4)
        }
        if configuration.tiesEmbeddings {
            bytes += configuration.vocabularySize * configuration.hiddenSize * type.byteCount
        }
        return bytes
    }
}
