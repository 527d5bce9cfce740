import Synchronization

/// A family of series whose label values are known only at run time: models, upstreams.
///
/// A handle is asked for when the thing that counts is made (an upstream is configured, a model is
/// first seen), and kept; asking costs a lock and a look-up by strings, counting does not. Any
/// thread.
///
/// Outside names must not grow it without end: beyond `seriesMax` every new label set is one and
/// the same series, whose labels all say `other`.
package final class LabelledFamily<Handle: Sendable>: Sendable {
    private struct State {
        var index: [[String]: Int] = [:]
        var entries: [(values: [String], handle: Handle)] = []
    }

    package let labelNames: [String]
    private let seriesMax: Int
    private let make: @Sendable () -> Handle
    private let state = Mutex(State())

    /// 1,000 upstreams with a few models or reasons each.
    package static var usualSeriesMax: Int { 20_000 }

    init(_ labelNames: [String], _ seriesMax: Int, make: @escaping @Sendable () -> Handle) {
        self.labelNames = labelNames
        self.seriesMax = seriesMax
        self.make = make
    }

    /// The series with these label values, in the order of the names; made if there is none.
    package func handle(_ values: [String]) -> Handle {
        precondition(values.count == labelNames.count, "a value for each of \(labelNames)")
        return state.withLock { state in
            if let known = state.index[values] { return state.entries[known].handle }
            var values = values
            if state.entries.count >= seriesMax {
                values = labelNames.map { _ in "other" }
                if let known = state.index[values] { return state.entries[known].handle }
            }
            let handle = make()
            state.index[values] = state.entries.count
            state.entries.append((values, handle))
            return handle
        }
    }

    /// Takes away the series that have `value` for the label `name`: what they counted is gone.
    ///
    /// Handles that are still held go on counting unseen. Cost: all series of the family.
    package func remove(_ name: String, _ value: String) {
        guard let position = labelNames.firstIndex(of: name) else { return }
        state.withLock { state in
            state.entries.removeAll { $0.values[position] == value }
            state.index.removeAll(keepingCapacity: true)
            for (index, entry) in state.entries.enumerated() { state.index[entry.values] = index }
        }
    }

    /// All series, in the order in which they were made.
    package var series: [(values: [String], handle: Handle)] { state.withLock { $0.entries } }
}
