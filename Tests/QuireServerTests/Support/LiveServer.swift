import Glibc
import NIOCore
import NIOPosix
import QuireCheckpoint
import QuireEngine
import QuireHTTP
import QuireJSON
import QuireKernels
import QuireModels
import QuireServer
import QuireTelemetry
import QuireTemplate
import QuireTestSupport
import QuireTokenizer

/// A whole server in this process on a free port, with its engine and loops.
final class LiveServer: Sendable {
    /// Content of all messages, one per line, then `>`.
    static let template =
        "{% for m in messages %}{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}>{% endif %}"

    let engine: Engine
    private let group: MultiThreadedEventLoopGroup
    private let api: APIServer
    private let listener: HTTPServer

    /// The port that clients connect to.
    var port: Int { listener.port ?? 0 }

    init(
        model: ServedModel,
        options: ServerOptions = ServerOptions(),
        capacity: ExecutorCapacity,
        queueDepthMax: Int = 4096,
        http: HTTPServerConfiguration = HTTPServerConfiguration(),
        loopCount: Int = 2,
        makeExecutor: @escaping @Sendable () throws -> any Executor
    ) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        let lanes = LaneSet(loops: group.makeIterator().map { $0 })
        let clock = Self.clock
        var registry = MetricsRegistry(commonLabels: [("model_name", model.names[0])])
        engine = Engine(
            configuration: EngineConfiguration(
                capacity: capacity,
                queueDepthMax: queueDepthMax,
                prefixCacheKey: BlockHashKey(first: 1, second: 2),
                now: clock.nanoseconds
            ),
            metrics: EngineMetrics(&registry, maxContext: capacity.maxContext),
            sink: lanes
        )
        try engine.start(makeExecutor)
        api = APIServer(
            model: model,
            engine: engine,
            lanes: lanes,
            metrics: registry,
            options: options,
            clock: clock
        )
        var configuration = http
        configuration.errorBody = { APIServer.errorBody($0, $1) }
        listener = try HTTPServer.start(
            on: .host("127.0.0.1", port: 0),
            group: group,
            configuration: configuration,
            responder: api
        ).wait()
    }

    /// Drains the listener, then ends everything; from any thread but a loop's.
    func shutDown(within time: TimeAmount = .seconds(10)) throws {
        try listener.shutdown(within: time).wait()
        engine.stop()
        engine.join()
        api.close()
        try group.syncShutdownGracefully()
    }

    /// Begins to drain; the future completes when the last connection is closed.
    func drain(within time: TimeAmount = .seconds(10)) -> EventLoopFuture<Void> {
        listener.shutdown(within: time)
    }

    func client(receiveBufferBytes: Int? = nil) throws -> HTTPTestClient {
        try HTTPTestClient(
            port: port,
            timeLimitSeconds: 20,
            receiveBufferBytes: receiveBufferBytes
        )
    }

    /// Sends a body and reads the answer, on a connection of its own.
    func post(
        _ path: String,
        _ body: String,
        headers: [(String, String)] = []
    ) throws -> HTTPTestResponse {
        try client().request("POST", path, headers: headers, body: Array(body.utf8))
    }

    func get(_ path: String, headers: [(String, String)] = []) throws -> HTTPTestResponse {
        try client().request("GET", path, headers: headers)
    }

    /// The value of a series without further labels.
    func metric(_ name: String) throws -> Double? {
        let line = try get("/metrics").text.split(separator: "\n").first {
            $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ")
        }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }

    /// Asks until the series has the value; false if it has not after many times.
    func reaches(_ name: String, _ value: Double) throws -> Bool {
        for _ in 0..<5000 where try metric(name) == value { return true }
        return false
    }

    static let clock = ServerClock(
        nanoseconds: {
            var now = timespec()
            unsafe clock_gettime(CLOCK_MONOTONIC, &now)
            return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
        },
        unixTime: { 1_700_000_000 }
    )
}

extension LiveServer {
    /// The real model of the assets.
    static func stories(
        options: ServerOptions = ServerOptions(),
        names: [String] = ["stories", "second-name"],
        hasTemplate: Bool = true,
        hasTokenizer: Bool = true,
        maxSequences: Int = 32
    ) throws -> LiveServer {
        let folder = Assets.path("models/stories260K")
        let checkpoint = try Checkpoint(folder: folder)
        let architecture = try ModelRegistry.architecture(of: checkpoint.configuration)
        let decoder = try architecture.configuration(checkpoint.configuration)
        let plan = try MemoryPlan(
            MemoryRequest(
                totalBytes: 1 << 30,
                utilization: 0.9,
                cacheBytes: 16 << 20,
                maxSequences: maxSequences,
                maxRows: 512,
                blockSize: 16
            ),
            model: decoder,
            weightBytes: 2 << 20
        )
        return try LiveServer(
            model: try storiesModel(
                names: names,
                hasTemplate: hasTemplate,
                hasTokenizer: hasTokenizer
            ),
            options: options,
            capacity: plan.capacity
        ) {
            let backend = CPUBackend(threadCount: 1)
            let weights = WeightScope(checkpoint: checkpoint, backend: backend, type: .f32)
            return ModelExecutor(
                model: try architecture.make(weights, decoder, plan.limits),
                backend: backend,
                capacity: plan.capacity
            )
        }
    }

    /// What clients see of the real model.
    static func storiesModel(
        names: [String] = ["stories"],
        hasTemplate: Bool = true,
        hasTokenizer: Bool = true,
        maxContext: Int = 512
    ) throws -> ServedModel {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Assets.bytes("models/stories260K/tokenizer.json"),
            configuration: Assets.json("models/stories260K/tokenizer_config.json")
        )
        return ServedModel(
            names: names,
            root: "stories260K",
            created: 1_700_000_000,
            tokenizer: hasTokenizer ? tokenizer : nil,
            template: hasTemplate ? try ChatTemplate(template) : nil,
            specialTokens: ["bos_token": .string("<s>"), "eos_token": .string("</s>")],
            maxContext: maxContext,
            vocabularySize: 512,
            defaults: GenerationDefaults(nil, endTokens: [2])
        )
    }

    /// The real text side over an executor that does what a test tells it.
    static func scripted(
        _ script: Script,
        options: ServerOptions = ServerOptions(),
        http: HTTPServerConfiguration = HTTPServerConfiguration(),
        queueDepthMax: Int = 4096,
        maxSequences: Int = 64,
        maxContext: Int = 1 << 20
    ) throws -> LiveServer {
        let capacity = ExecutorCapacity(
            maxRows: 512,
            maxSequences: maxSequences,
            maxLogitsRows: max(32, maxSequences),
            maxContext: maxContext,
            blockCount: 1 << 17,
            blockSize: 16,
            vocabularySize: 512
        )
        return try LiveServer(
            model: try storiesModel(maxContext: maxContext),
            options: options,
            capacity: capacity,
            queueDepthMax: queueDepthMax,
            http: http
        ) { ScriptedExecutor(script, capacity: capacity) }
    }
}
