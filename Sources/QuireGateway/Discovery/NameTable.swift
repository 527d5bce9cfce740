/// Which host names are looked up when, and what the last good answer was.
///
/// A pure value, told the time; at most one look-up of a name is under way. A failed or empty
/// answer leaves the last good one in place: a name server that is down must not take down the
/// instances whose addresses are known.
package struct NameTable: Sendable {
    private struct Entry {
        var addresses: [String]?
        /// The end of time while a look-up is under way.
        var due: UInt64
    }

    /// More addresses of one name are not used.
    package static let addressCountMax = 256

    private let interval: UInt64
    private let retryInterval: UInt64
    private var entries: [String: Entry] = [:]

    /// Begins without names; `retryInterval` follows a failed look-up.
    package init(interval: Duration = .seconds(30), retryInterval: Duration = .seconds(5)) {
        self.interval = max(interval.clampedNanoseconds, 1_000_000_000)
        self.retryInterval = max(retryInterval.clampedNanoseconds, 1_000_000_000)
    }

    /// The last good answers: sorted, without repetitions, never empty.
    package var addresses: [String: [String]] { entries.compactMapValues(\.addresses) }

    /// Looks these names up and no others; known ones keep their answers and times.
    package mutating func watch(_ names: Set<String>, now: UInt64) {
        entries = entries.filter { names.contains($0.key) }
        for name in names where entries[name] == nil { entries[name] = Entry(due: now) }
    }

    /// When the next look-up is due; the end of time for none.
    package var nextDue: UInt64 { entries.values.map(\.due).min() ?? .max }

    /// The names that are due, which are then under way.
    package mutating func takeDue(now: UInt64) -> [String] {
        let due = entries.filter { $0.value.due <= now }.map(\.key).sorted()
        for name in due { entries[name]?.due = .max }
        return due
    }

    /// Takes an answer, `nil` for a failure; returns whether the name's addresses are others now.
    package mutating func finish(_ name: String, _ addresses: [String]?, now: UInt64) -> Bool {
        guard var entry = entries[name] else { return false }
        // Servers rotate the order, which is no change.
        let found = Set(addresses ?? []).sorted().prefix(Self.addressCountMax)
        entry.due = now.saturatingAdd(found.isEmpty ? retryInterval : interval)
        let isChanged = !found.isEmpty && entry.addresses != Array(found)
        if isChanged { entry.addresses = Array(found) }
        entries[name] = entry
        return isChanged
    }
}

extension NameTable {
    /// The upstreams with each address of a name as an endpoint of its own.
    ///
    /// Named as before if there is one address, else with the address behind it
    /// (`engines/10.0.0.7`). The Host header stays the name's. Upstreams without an answer stay as
    /// they are: whoever connects looks the name up.
    package static func expand(
        _ upstreams: [UpstreamConfiguration],
        _ addresses: [String: [String]]
    ) -> [UpstreamConfiguration] {
        upstreams.flatMap { upstream -> [UpstreamConfiguration] in
            let endpoint = upstream.endpoint
            guard let found = addresses[endpoint.host], !found.isEmpty else { return [upstream] }
            return found.map { address in
                var own = upstream
                if found.count > 1 { own.name = "\(upstream.name)/\(address)" }
                own.endpoint.host = address
                if own.endpoint.hostHeader == nil {
                    let isDefault = endpoint.port == (endpoint.usesTLS ? 443 : 80)
                    own.endpoint.hostHeader =
                        isDefault ? endpoint.host : "\(endpoint.host):\(endpoint.port)"
                }
                return own
            }
        }
    }
}
