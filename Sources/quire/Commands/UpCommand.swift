import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import QuireServer

/// `quire up`: a server that answers at once, with the model that comes with the program.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Serves the bundled model, and says how to try it."
    )

    @Option(help: "Another model's folder (default: the bundled one).")
    var model: String?

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; if it is in use, the next free one is taken.")
    var port = 8000

    @Option(help: "Threads that compute (default: all cores).")
    var threads: Int?

    func run() throws {
        SignalWatcher.block()
        do {
            try serve()
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    private func serve() throws {
        let folder = try model ?? BundledModel.folder()
        var arguments = [folder, "--host", host, "--port", "\(port)"]
        if let threads { arguments += ["--threads", "\(threads)"] }
        let flags = try LocalServer.flags(arguments)
        let name = model == nil ? BundledModel.name : Self.name(of: flags.model)
        let signals = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let firstSignal = signals.next().makePromise(of: Int32.self)
        SignalWatcher.start(firstSignal)
        let server = try LocalServer(flags, names: [name], portCount: port == 0 ? 1 : 100)
        announce(server)
        _ = try firstSignal.futureResult.wait()
        // Whoever tries something out does not want to wait for its answers, nor for the step that
        // a long prompt takes; `_exit` leaves the threads their memory.
        signals.next().scheduleTask(in: .milliseconds(700)) {
            Log.line("stopped")
            _exit(0)
        }
        server.shutDown(within: .milliseconds(200))
        Log.line("stopped")
    }

    private func announce(_ server: LocalServer) {
        if let busy = server.busyPorts.first {
            let holder = PortHolder.describe(port: busy) ?? "another process"
            print("Port \(busy) is in use by \(holder); this is port \(server.port).\n")
        }
        let message = ReadyMessage(server, host: host)
        let isBundled = model == nil
        let served = isBundled ? "its bundled model" : server.model.names[0]
        print("quire serves \(served) at \(message.url)/v1. Paste this into another terminal:\n")
        if isBundled {
            print("  \(message.curl(asking: "What is PagedAttention?"))\n")
            print("  \(message.curl(asking: "什么是前缀缓存？"))\n")
        } else {
            print("  \(message.curl())\n")
        }
        print("or chat:\n\n  \(Self.program) run --url \(message.url)\n")
        if isBundled { print(Self.realModel) }
        let documents = BundledModel.documents() ?? "docs"
        print("Docs: \(documents)/quick-start.md. Ctrl-C stops.")
        // Also where standard output is a pipe.
        fflush(nil)
    }

    /// How this program was called, so that what is printed can be pasted.
    private static var program: String { CommandLine.arguments.first ?? "quire" }

    private static var realModel: String {
        """
        The bundled model is tiny and knows Quire, little else. A good small one for all else is
        Qwen/Qwen2.5-0.5B-Instruct (1 GB, on huggingface.co and modelscope.cn). Once its files lie in
        a folder:

          \(program) serve FOLDER

        """
    }

    /// The folder's name.
    static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
