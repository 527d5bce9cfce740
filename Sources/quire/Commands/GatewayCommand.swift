import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import QuireGateway
import QuireHTTP

/// `quire gateway`: one address before any number of OpenAI-compatible servers.
struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Puts one address in front of many OpenAI-compatible servers."
    )

    @Option(help: "Base URL of a server, such as http://10.0.0.1:8000; may be given many times.")
    var upstream: [String] = []

    @Option(help: "Base URLs of servers, separated by commas.")
    var upstreams: String?

    @Option(help: "Address to listen on.")
    var host = "0.0.0.0"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 8080

    @Option(help: "Seconds that running requests get after SIGTERM.")
    var shutdownTimeout = 30

    func run() throws {
        SignalWatcher.block()
        do {
            try GatewayProcess(self).run()
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    /// All upstreams that are named, in the order given.
    var addresses: [String] {
        upstream + (upstreams ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
    }
}
