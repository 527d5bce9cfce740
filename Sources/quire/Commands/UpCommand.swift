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
        guard let folder = model ?? BundledModel.folder() else { throw BundledModel.missing }
        var arguments = [folder, "--host", host, "--port", "\(port)"]
        if let threads { arguments += ["--threads", "\(threads)"] }
        let flags = try LocalServer.flags(arguments)
        let name = model == nil ? "quire" : Self.name(of: flags.model)
        let signals = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let firstSignal = signals.next().makePromise(of: Int32.self)
        SignalWatcher.start(firstSignal)
        let server = try LocalServer(flags, names: [name], portCount: port == 0 ? 1 : 100)
        announce(server)
        _ = try firstSignal.futureResult.wait()
        Log.line("stopping; a second signal ends at once")
        server.shutDown(within: .seconds(30))
    }

    private func announce(_ server: LocalServer) {
        if let busy = server.busyPorts.first {
            let holder = PortHolder.describe(port: busy) ?? "another process"
            print("Port \(busy) is in use by \(holder); this is port \(server.port).\n")
        }
        let message = ReadyMessage(server, host: host)
        print(
            """
            \(message.url)/v1 serves \(server.model.names[0]). Try

              \(message.curl)

            or chat in another terminal: quire run --url \(message.url)

            A real model: download a folder in the Hugging Face layout, such as
            Qwen/Qwen2.5-0.5B-Instruct (huggingface.co/Qwen/Qwen2.5-0.5B-Instruct), then

              quire serve PATH/TO/Qwen2.5-0.5B-Instruct

            Flags and endpoints: docs/serving.md, or quire help serve. Ctrl-C stops.
            """
        )
        // Also where standard output is a pipe.
        fflush(nil)
    }

    /// The folder's name.
    static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
