import Glibc
import NIOCore
import QuireGateway

/// Takes a changed file of settings into a running gateway: on SIGHUP, at the admin's word, and
/// when the file has changed.
///
/// Lives on a control loop of its own, where reading a file holds up nobody; its methods are for
/// any thread. A bad file changes nothing: the old configuration stays, and the reason is logged
/// and counted.
final class ConfigurationWatcher: Sendable {
    private let flags: GatewayFlags
    private let core: GatewayCore
    private let reloads: ConfigurationReloads
    private let loop: any EventLoop
    private let path: String?
    /// What only a restart changes.
    private let fixed: Fixed
    private let seen: NIOLoopBoundBox<Seen>

    private struct Fixed: Equatable {
        var host: String
        var port: Int
        var admin: AdminConfiguration

        init(_ configuration: GatewayConfiguration) {
            host = configuration.host
            port = configuration.port
            admin = configuration.admin
        }
    }

    /// What tells one version of a file from another.
    struct Version: Equatable, Sendable {
        var seconds = 0
        var nanoseconds = 0
        var bytes = 0
        var inode: UInt64 = 0
    }

    private struct Seen {
        /// What holds, or was refused.
        var taken: Version?
        /// What was there a second ago: a file still being written is left alone.
        var last: Version?
    }

    init(
        _ flags: GatewayFlags,
        started: GatewayConfiguration,
        core: GatewayCore,
        reloads: ConfigurationReloads,
        loop: any EventLoop
    ) {
        self.flags = flags
        self.core = core
        self.reloads = reloads
        self.loop = loop
        path = flags.config ?? Environment.all["QUIRE_GATEWAY_CONFIG"]
        fixed = Fixed(started)
        let version = path.flatMap { Self.version(of: $0) }
        seen = .makeBoxSendingValue(Seen(taken: version, last: version), eventLoop: loop)
    }

    /// Looks at the file every second, for as long as the loop lives.
    func watch() {
        guard path != nil else { return }
        loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            self.look()
        }
    }

    /// Reads everything again.
    func reload() -> EventLoopFuture<ReloadReport> {
        loop.submit { self.reloadNow() }
    }

    private func look() {
        guard let path, let version = Self.version(of: path) else { return }
        let isStill = seen.value.last == version
        seen.value.last = version
        if isStill, version != seen.value.taken { _ = reloadNow() }
    }

    private func reloadNow() -> ReloadReport {
        seen.value.taken = path.flatMap { Self.version(of: $0) }
        let report: ReloadReport
        do {
            let configuration = try GatewaySettings(flags).configuration
            guard !configuration.fleet.upstreams.isEmpty else {
                throw StartError("no upstream is left")
            }
            core.reload(configuration)
            let notes =
                Fixed(configuration) == fixed
                ? [] : ["host, port and admin change at the next start"]
            report = .accepted(upstreamCount: configuration.fleet.upstreams.count, notes: notes)
            let note = notes.isEmpty ? "" : "; \(notes[0])"
            Log.line("reloaded: \(configuration.fleet.upstreams.count) upstreams\(note)")
        } catch {
            report = .refused("\(error)")
            Log.line("the new configuration is refused, the old one stays: \(error)")
        }
        reloads.note(report)
        return report
    }

    private static func version(of path: String) -> Version? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        return Version(
            seconds: facts.st_mtim.tv_sec,
            nanoseconds: facts.st_mtim.tv_nsec,
            bytes: Int(facts.st_size),
            inode: UInt64(facts.st_ino)
        )
    }
}
