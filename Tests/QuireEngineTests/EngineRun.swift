import QuireEngine
import QuireTelemetry

/// Starts an engine, lets it answer some requests, and ends it.
struct EngineRun {
    let sink = RecordingSink()
    let metrics: EngineMetrics
    let registry: MetricsRegistry
    let engine: Engine

    init(_ configuration: EngineConfiguration) {
        var registry = MetricsRegistry()
        metrics = EngineMetrics(&registry, maxContext: configuration.capacity.maxContext)
        self.registry = registry
        engine = Engine(configuration: configuration, metrics: metrics, sink: sink)
    }

    /// The answers, in the order of the requests.
    func answers(
        to requests: [EngineRequest],
        from makeExecutor: @escaping @Sendable () throws -> any Executor
    ) throws -> [RecordingSink.Record] {
        try engine.start(makeExecutor)
        for request in requests { try engine.add(request) }
        engine.drain()
        engine.join()
        return requests.map { sink[$0.address] }
    }

    static func address(_ index: Int, lane: Int = 0) -> OutputAddress {
        OutputAddress(lane: lane, slot: SlotID(index: Int32(index), generation: 0))
    }
}
