import Glibc
import NIOCore
import NIOPosix
import QuireServer

/// Brings a server up, waits for a signal, takes it down: the life of `quire serve`.
struct ServerProcess {
    private let flags: ServeCommand

    init(_ flags: ServeCommand) { self.flags = flags }

    func run() throws {
        let signals = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let firstSignal = signals.next().makePromise(of: Int32.self)
        SignalWatcher.start(firstSignal)
        let server = try LocalServer(flags, names: names, announcesPlan: true)
        announce(server)
        drain(try firstSignal.futureResult.wait(), server)
    }

    /// The names that requests may use.
    private var names: [String] {
        if !flags.servedModelName.isEmpty { return flags.servedModelName }
        return [LocalServer.shownName(of: flags.model)]
    }

    private func announce(_ server: LocalServer) {
        var message = ReadyMessage(server, host: flags.host)
        if !flags.apiKey.isEmpty { message.keyVariable = "API_KEY" }
        let names = server.model.names.joined(separator: ", ")
        Log.line("ready: \(message.url)/v1 serves \(names); try")
        // Without the name in front, so that the whole line can be pasted.
        Log.plain(message.curl())
    }

    /// Stops accepting, lets what runs finish within the time limit, then stops the threads.
    private func drain(_ signal: Int32, _ server: LocalServer) {
        let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
        Log.line(
            "\(name): draining \(server.connectionCount) connections, for at most "
                + "\(flags.shutdownTimeout) s; a second signal ends at once"
        )
        server.shutDown(within: .seconds(Int64(flags.shutdownTimeout)))
        Log.line("stopped")
    }
}
