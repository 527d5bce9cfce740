import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import QuireEngine
import QuireHTTP
import QuireOpenAI
import QuireServer
import QuireTelemetry
import Synchronization

/// A whole server within a command: engine, loops and a listener, up when it is made.
///
/// Made and shut down on the main thread.
final class LocalServer {
    let model: ServedModel
    /// Whether requests must bring a key.
    let needsKey: Bool
    /// The port that is listened on.
    let port: Int
    /// Ports that were tried before and are in use.
    let busyPorts: [Int]
    private let group: MultiThreadedEventLoopGroup
    private let engine: Engine
    private let api: APIServer
    private let listener: HTTPServer

    /// - Parameters:
    ///   - flags: Model, memory and address, as `quire serve` takes them.
    ///   - names: What requests may call the model; the first is shown.
    ///   - portCount: So many ports are tried, from the flags' one on.
    ///   - announcesPlan: Whether the memory plan is logged before memory is taken.
    /// - Throws: One line for the operator.
    init(
        _ flags: ServeCommand,
        names: [String],
        portCount: Int = 1,
        announcesPlan: Bool = false
    ) throws {
        FileDescriptors.raiseLimit()
        let coreCount = System.coreCount
        // Sockets and streams are a small share of the work: most cores are the engine's.
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, min(4, coreCount / 4)))
        let clock = ServerClock.system
        // On a loop that serves nothing yet, while this thread goes on with the weights.
        let files = group.next().submit {
            try TextFiles(
                folder: flags.tokenizer ?? flags.model,
                skipsTokenizer: flags.skipTokenizerInit,
                chatTemplate: flags.chatTemplate
            )
        }
        let launch = try EngineLaunch(flags, coreCount: coreCount)
        if announcesPlan { Log.line(launch.plan.summary) }
        let lanes = LaneSet(loops: group.makeIterator().map { $0 })
        var registry = MetricsRegistry(
            commonLabels: [("model_name", names.first ?? ""), ("engine", "0")]
        )
        engine = try launch.start(sink: lanes, registry: &registry, clock: clock)
        let text = try files.wait()
        var model = ServedModel(
            names: names,
            root: Self.shownName(of: flags.model),
            created: clock.unixTime(),
            tokenizer: text.tokenizer,
            template: text.template,
            specialTokens: text.specialTokens,
            maxContext: launch.plan.maxContext,
            vocabularySize: launch.plan.capacity.vocabularySize,
            defaults: GenerationDefaults(
                launch.generationConfiguration,
                endTokens: launch.endTokens(tokenizer: text.endToken)
            )
        )
        // Clients that come from vLLM name the model as it was given on the command line.
        if flags.servedModelName.isEmpty { model.aliases = [flags.model] }
        self.model = model
        let options = Self.options(flags)
        needsKey = !options.apiKeys.isEmpty
        api = APIServer(
            model: model,
            engine: engine,
            lanes: lanes,
            metrics: registry,
            options: options,
            clock: clock
        )
        (listener, busyPorts) = try Listener.open(
            api,
            host: flags.host,
            ports: flags.port..<min(65536, flags.port + portCount),
            group: group
        )
        port = listener.port ?? flags.port
        SignalWatcher.isServing.store(true, ordering: .relaxed)
    }

    /// Flags of `quire serve` from words, as it reads them itself.
    static func flags(_ arguments: [String]) throws -> ServeCommand {
        do {
            return try ServeCommand.parse(arguments)
        } catch {
            throw StartError(ServeCommand.message(for: error))
        }
    }

    /// The path as it was given where it reads like a name, else its last part: a path of this
    /// machine is no business of a client's.
    static func shownName(of path: String) -> String {
        let isPlain = path.utf8.first.map { $0 != 0x2F && $0 != 0x2E && $0 != 0x7E } ?? false
        return isPlain ? path : path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func options(_ flags: ServeCommand) -> ServerOptions {
        var options = ServerOptions()
        options.apiKeys = flags.apiKey
        if options.apiKeys.isEmpty, let key = unsafe getenv("VLLM_API_KEY") {
            options.apiKeys = [unsafe String(cString: key)].filter { !$0.isEmpty }
        }
        options.version = quireVersion
        options.limits.maxLogprobs = flags.maxLogprobs
        options.trustsRequestTemplates = flags.trustRequestChatTemplate
        options.seed = flags.seed
        options.log = { Log.line($0) }
        return options
    }

    /// Requests under way finish within the time; then everything ends.
    func shutDown(within time: TimeAmount) {
        do {
            try listener.shutdown(within: time).wait()
        } catch {
            Log.line("closing the listener: \(error)")
        }
        engine.stop()
        engine.join()
        api.close()
        do {
            try group.syncShutdownGracefully()
        } catch {
            Log.line("ending the event loops: \(error)")
        }
    }

    /// Connections that are open.
    var connectionCount: Int { listener.connectionCount }
}
