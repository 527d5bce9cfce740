import Synchronization

extension GatewayCore {
    /// Takes a new configuration.
    ///
    /// Requests under way go on as they began; upstreams that stay keep what was learnt of them,
    /// and whoever waits may get a slot of a new one at once.
    package func reload(_ next: GatewayConfiguration) {
        configuration.withLock { $0 = next }
        let fleet = expanded(next.fleet)
        grant { known, now in known.reload(fleet, now: now) }
        noteUpstreams()
    }
}
