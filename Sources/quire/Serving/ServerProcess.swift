import Glibc
import NIOCore
import NIOPosix
import QuireCheckpoint
import QuireEngine
import QuireHTTP
import QuireKernels
import QuireModels
import QuireOpenAI
import QuireServer
import QuireTelemetry
import Synchronization

/// Brings a server up, waits for a signal, takes it down: the life of `quire serve`.
struct ServerProcess {
    private let flags: ServeCommand
    private let coreCount = System.coreCount

    init(_ flags: ServeCommand) { self.flags = flags }

    func run() throws {
        FileDescriptors.raiseLimit()
        // Sockets and streams are a small share of the work: most cores are the engine's.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, min(4, coreCount / 4)))
        let firstSignal = group.next().makePromise(of: Int32.self)
        SignalWatcher.start(firstSignal)
        let clock = ServerClock.system
        // On a loop that serves nothing yet, while this thread goes on with the weights.
        let files = group.next().submit { [flags] in
            try TextFiles(
                folder: flags.tokenizer ?? flags.model,
                skipsTokenizer: flags.skipTokenizerInit,
                chatTemplate: flags.chatTemplate
            )
        }
        let launch = try EngineLaunch(flags, coreCount: coreCount)
        Log.line(launch.plan.summary)
        let lanes = LaneSet(loops: group.makeIterator().map { $0 })
        var registry = MetricsRegistry(
            commonLabels: [("model_name", names.first ?? ""), ("engine", "0")]
        )
        let engine = try launch.start(sink: lanes, registry: &registry, clock: clock)
        let model = servedModel(launch, text: try files.wait(), clock: clock)
        let options = try serverOptions()
        let server = APIServer(
            model: model,
            engine: engine,
            lanes: lanes,
            metrics: registry,
            options: options,
            clock: clock
        )
        let listener = try listen(server, group)
        SignalWatcher.isServing.store(true, ordering: .relaxed)
        announce(listener.port ?? flags.port, model, options)

        let signal = try firstSignal.futureResult.wait()
        drain(signal, listener, engine, server)
    }

    // MARK: Up

    /// The names that requests may use.
    private var names: [String] {
        if !flags.servedModelName.isEmpty { return flags.servedModelName }
        return [Self.shownName(of: flags.model)]
    }

    /// The path as it was given where it reads like a name, else its last part: a path of this
    /// machine is no business of a client's.
    private static func shownName(of path: String) -> String {
        let isPlain = path.utf8.first.map { $0 != 0x2F && $0 != 0x2E && $0 != 0x7E } ?? false
        return isPlain ? path : path.split(separator: "/").last.map(String.init) ?? path
    }

    private func servedModel(
        _ launch: EngineLaunch,
        text: TextFiles,
        clock: ServerClock
    ) -> ServedModel {
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
        return model
    }

    private func serverOptions() throws -> ServerOptions {
        var options = ServerOptions()
        options.apiKeys = flags.apiKey
        if options.apiKeys.isEmpty, let key = unsafe getenv("VLLM_API_KEY") {
            options.apiKeys = [unsafe String(cString: key)].filter { !$0.isEmpty }
        }
        options.version = quireVersion
        options.limits.maxLogprobs = flags.maxLogprobs
        options.trustsRequestTemplates = flags.trustRequestChatTemplate
        options.seed = flags.seed
        return options
    }

    private func listen(_ server: APIServer, _ group: any EventLoopGroup) throws -> HTTPServer {
        var configuration = HTTPServerConfiguration()
        configuration.errorBody = { APIServer.errorBody($0, $1) }
        configuration.serverName = "quire"
        do {
            return try HTTPServer.start(
                on: .host(flags.host, port: flags.port),
                group: group,
                configuration: configuration,
                responder: server
            ).wait()
        } catch let error as IOError {
            let reason =
                switch error.errnoCode {
                case EADDRINUSE: "the port is in use; give another one with --port"
                case EACCES: "the port needs privileges; give one above 1023 with --port"
                case EADDRNOTAVAIL: "this machine has no such address; give another with --host"
                default: "\(error)"
                }
            throw StartError("cannot listen on \(flags.host), port \(flags.port): \(reason)")
        } catch {
            throw StartError("cannot listen on --host \(flags.host): no such host or address")
        }
    }

    private func announce(_ port: Int, _ model: ServedModel, _ options: ServerOptions) {
        let message = ReadyMessage(
            host: flags.host,
            port: port,
            model: model.names[0],
            hasTemplate: model.template != nil,
            hasTokenizer: model.tokenizer != nil,
            needsKey: !options.apiKeys.isEmpty
        )
        Log.line("ready: \(message.url)/v1 serves \(model.names.joined(separator: ", ")); try")
        // Without the name in front, so that the whole line can be pasted.
        Log.plain(message.curl)
    }

    // MARK: Down

    /// Stops accepting, lets what runs finish within the time limit, then stops the threads.
    private func drain(
        _ signal: Int32,
        _ listener: HTTPServer,
        _ engine: Engine,
        _ server: APIServer
    ) {
        let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
        let count = listener.connectionCount
        Log.line(
            "\(name): draining \(count) connections, for at most \(flags.shutdownTimeout) s; "
                + "a second signal ends at once"
        )
        do {
            try listener.shutdown(within: .seconds(Int64(flags.shutdownTimeout))).wait()
        } catch {
            Log.line("closing the listener: \(error)")
        }
        engine.stop()
        engine.join()
        server.close()
        Log.line("stopped")
    }
}
