package import NIOCore
import NIOPosix

/// Keeps the addresses of upstreams' host names fresh.
///
/// The table lives on one event loop; look-ups block, so they run on two threads of their own. The
/// answers go out as a whole table whenever one of them has changed.
package final class NameResolution: @unchecked Sendable {
    // Sendable by confinement: `watch` and `stop` hop to `eventLoop`, all else runs there.
    private let eventLoop: any EventLoop
    private let lookUp: @Sendable (String) -> [String]?
    private let changed: @Sendable ([String: [String]]) -> Void
    private let threads = NIOThreadPool(numberOfThreads: 2)
    private var table: NameTable
    private var timer: Scheduled<Void>?
    private var isStopped = false

    /// Begins with no names.
    ///
    /// `lookUp` is called on a thread of its own and may block; `nil` is a failure. `changed` is
    /// called on the loop with all known addresses by name.
    package init(
        eventLoop: any EventLoop,
        table: NameTable = NameTable(),
        lookUp: @escaping @Sendable (String) -> [String]? = SystemResolver.addresses,
        changed: @escaping @Sendable ([String: [String]]) -> Void
    ) {
        self.eventLoop = eventLoop
        self.table = table
        self.lookUp = lookUp
        self.changed = changed
        threads.start()
    }

    /// Looks up the names among these hosts and no others.
    ///
    /// Addresses need none. From any thread.
    package func watch(_ hosts: some Sequence<String>) {
        let names = Set(hosts.filter { !SystemResolver.isAddress($0) })
        eventLoop.execute {
            guard !self.isStopped else { return }
            self.table.watch(names, now: Self.now)
            self.run()
        }
    }

    /// Ends it; nothing is told after the future's completion.
    ///
    /// A look-up that is under way is not waited for: name servers may take half a minute.
    package func stop() -> EventLoopFuture<Void> {
        eventLoop.submit {
            self.isStopped = true
            self.timer?.cancel()
            self.timer = nil
            self.threads.shutdownGracefully { _ in
                // A pool that was stopped before has nothing left to end.
            }
        }
    }

    private static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    private func run() {
        guard !isStopped else { return }
        for name in table.takeDue(now: Self.now) { start(name) }
        timer?.cancel()
        timer = nil
        let next = table.nextDue
        guard next != .max else { return }
        let now = Self.now
        let delay = Int64(clamping: max(next, now) - now)
        timer = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) { self.run() }
    }

    private func start(_ name: String) {
        let lookUp = lookUp
        threads.runIfActive(eventLoop: eventLoop) { lookUp(name) }
            .assumeIsolated()
            .whenComplete { result in
                guard !self.isStopped else { return }
                let addresses = try? result.get()
                if self.table.finish(name, addresses ?? nil, now: Self.now) {
                    self.changed(self.table.addresses)
                }
                self.run()
            }
    }
}
