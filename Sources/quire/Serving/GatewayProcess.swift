import Glibc
import NIOCore
import NIOPosix
import QuireGateway
import QuireHTTP
import Synchronization

/// Brings a gateway up, waits for a signal, takes it down: the life of `quire gateway`.
struct GatewayProcess {
    private let flags: GatewayCommand

    init(_ flags: GatewayCommand) { self.flags = flags }

    func run() throws {
        let configuration = try Self.configuration(flags)
        let signals = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let firstSignal = signals.next().makePromise(of: Int32.self)
        SignalWatcher.start(firstSignal)
        FileDescriptors.raiseLimit()
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: max(1, min(8, System.coreCount / 2))
        )
        let core = GatewayCore(configuration, seed: .random(in: .min ... .max))
        let gateway = Gateway(core, loops: group.makeIterator().map { $0 })
        let (listener, _) = try Listener.open(
            gateway,
            host: flags.host,
            ports: flags.port..<flags.port + 1,
            group: group
        )
        SignalWatcher.isServing.store(true, ordering: .relaxed)
        let count = configuration.fleet.upstreams.count
        Log.line("ready: port \(listener.port ?? flags.port), \(count) upstreams")
        let signal = try firstSignal.futureResult.wait()
        Log.line(
            "\(signal == SIGINT ? "SIGINT" : "SIGTERM"): draining, for at most \(flags.shutdownTimeout) s"
        )
        try listener.shutdown(within: .seconds(Int64(flags.shutdownTimeout))).wait()
        try group.syncShutdownGracefully()
        Log.line("stopped")
    }

    private static func configuration(_ flags: GatewayCommand) throws -> GatewayConfiguration {
        var upstreams: [UpstreamConfiguration] = []
        for url in flags.addresses {
            let address = try ServerAddress(parsing: url)
            upstreams.append(
                UpstreamConfiguration(
                    name: "\(address.authority)\(address.prefix)",
                    endpoint: UpstreamEndpoint(
                        host: address.host,
                        port: address.port,
                        prefix: address.prefix
                    )
                )
            )
        }
        guard !upstreams.isEmpty else {
            throw StartError(
                "give at least one upstream: quire gateway --upstream http://HOST:PORT"
            )
        }
        return GatewayConfiguration(fleet: FleetConfiguration(upstreams: upstreams))
    }
}
