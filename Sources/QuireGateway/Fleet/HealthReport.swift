/// What somebody other than a request's driver saw of an upstream.
package enum HealthReport: Sendable {
    /// An active check came back.
    case check(isUp: Bool)
    /// The progress watch: whether requests run while its token counters stand still.
    case progress(isStuck: Bool)
    /// Its own metrics, scraped.
    case load(UpstreamLoad)
    /// What it says at `/v1/models`.
    case models([String])
}

/// What an engine says of its own load.
package struct UpstreamLoad: Hashable, Sendable {
    package var running: Int
    package var waiting: Int
    /// Share of its KV cache in use, 0 to 1.
    package var kvUsage: Double

    package init(running: Int, waiting: Int, kvUsage: Double) {
        self.running = running
        self.waiting = waiting
        self.kvUsage = kvUsage
    }
}
