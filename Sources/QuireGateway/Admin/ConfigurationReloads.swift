import Synchronization

/// What came of the reloads of a gateway's configuration, for the admin and the metrics.
///
/// Sendable; a few times in a day.
package final class ConfigurationReloads: Sendable {
    package struct State: Sendable, Hashable {
        package var accepted = 0
        package var refused = 0
        /// Why the last one was refused; `nil` once one is accepted.
        package var lastRefusal: String?
    }

    private let counted = Mutex(State())
    private let observe: @Sendable (_ isAccepted: Bool) -> Void

    /// - Parameter observe: Called after each reload, for a counter.
    package init(observe: @escaping @Sendable (_ isAccepted: Bool) -> Void = { _ in }) {
        self.observe = observe
    }

    package var state: State { counted.withLock { $0 } }

    package func note(_ report: ReloadReport) {
        counted.withLock { state in
            switch report {
            case .accepted:
                state.accepted += 1
                state.lastRefusal = nil
            case .refused(let reason):
                state.refused += 1
                state.lastRefusal = reason
            }
        }
        if case .accepted = report { observe(true) } else { observe(false) }
    }
}

/// What came of one reload.
package enum ReloadReport: Sendable, Hashable {
    /// The new configuration holds. `notes`: what it says that only a restart can do.
    case accepted(upstreamCount: Int, notes: [String])
    /// The old one still holds.
    case refused(String)
}
