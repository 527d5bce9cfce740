import Glibc
import NIOCore
import NIOPosix
import QuireGateway
import QuireHTTP
import Synchronization

/// Brings a gateway up, waits for a signal, takes it down: the life of `quire gateway`.
struct GatewayProcess {
    private let flags: GatewayFlags

    /// Between the word that the gateway leaves, in its answers, and the end of idle connections.
    private static let farewellTime = TimeAmount.seconds(1)

    init(_ flags: GatewayFlags) { self.flags = flags }

    func run() throws {
        let configuration = try GatewaySettings(flags).configuration
        guard !configuration.fleet.upstreams.isEmpty else {
            throw StartError(
                "give at least one upstream: quire gateway --upstream http://HOST:PORT, or a file "
                    + "with --config"
            )
        }
        FileDescriptors.raiseLimit()
        // One loop for what is slow and rare: signals, files, the admin's requests.
        let control = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: max(1, min(8, System.coreCount / 2))
        )
        let core = GatewayCore(configuration, seed: .random(in: .min ... .max))
        let reloads = ConfigurationReloads { isAccepted in
            if isAccepted {
                core.metrics.reloaded()
            } else {
                core.metrics.reloadFailed(atUnixSeconds: Double(time(nil)))
            }
        }
        let watcher = ConfigurationWatcher(
            flags,
            started: configuration,
            core: core,
            reloads: reloads,
            loop: control.next()
        )
        let firstSignal = control.next().makePromise(of: Int32.self)
        SignalWatcher.start(firstSignal, onHangup: { _ = watcher.reload() })
        let gateway = Gateway(core, loops: group.makeIterator().map { $0 })
        let observer = FleetObserver(core, eventLoop: control.next())
        let (listener, _) = try Listener.open(
            gateway,
            host: configuration.host,
            ports: configuration.port..<configuration.port + 1,
            group: group
        )
        let admin = try openAdmin(configuration.admin, core, reloads, watcher, control)
        SignalWatcher.isServing.store(true, ordering: .relaxed)
        watcher.watch()
        observer.start()
        announce(configuration, listener, admin)
        let signal = try firstSignal.futureResult.wait()
        let timeout = configuration.shutdownTimeout
        let seconds = timeout.components.seconds
        Log.line(
            "\(signal == SIGINT ? "SIGINT" : "SIGTERM"): draining "
                + "\(listener.connectionCount) connections, for at most \(seconds) s"
        )
        // Clients with idle connections get to know by their next answer, before those are closed.
        try listener.beginDrain().wait()
        try control.next().scheduleTask(in: Self.farewellTime) {}.futureResult.wait()
        let nanoseconds = Int64(clamping: timeout.clampedNanoseconds)
        try listener.shutdown(within: .nanoseconds(nanoseconds)).wait()
        try observer.stop().wait()
        try admin?.shutdown(within: .seconds(1)).wait()
        try group.syncShutdownGracefully()
        Log.line("stopped")
    }

    private func openAdmin(
        _ configuration: AdminConfiguration,
        _ core: GatewayCore,
        _ reloads: ConfigurationReloads,
        _ watcher: ConfigurationWatcher,
        _ group: MultiThreadedEventLoopGroup
    ) throws -> HTTPServer? {
        guard let port = configuration.port else { return nil }
        let responder = AdminResponder(core, token: configuration.token, reloads: reloads) {
            watcher.reload()
        }
        return try Listener.open(
            responder,
            host: configuration.host,
            ports: port..<port + 1,
            group: group
        ).0
    }

    private func announce(
        _ configuration: GatewayConfiguration,
        _ listener: HTTPServer,
        _ admin: HTTPServer?
    ) {
        let port = listener.port ?? configuration.port
        let adminPort = (admin?.port).map { ", admin on port \($0)" } ?? ""
        let count = configuration.fleet.upstreams.count
        Log.line("ready: port \(port), \(count) upstreams\(adminPort)")
    }
}
