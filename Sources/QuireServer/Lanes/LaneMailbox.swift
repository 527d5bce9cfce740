import QuireEngine
import Synchronization

/// Where the engine leaves a step's events for one lane, and the lane picks them up.
///
/// The engine appends under a lock and wakes the loop only if it is not already on its way; the
/// loop swaps the buffer for an empty one that kept its memory. So a step costs a lane one
/// wake-up and no allocation, however many streams it has. It cannot grow without bound: a request
/// adds at most its own tokens, and a lane that does not drain has stopped its event loop.
final class LaneMailbox: Sendable {
    private struct State {
        var events: [OutputEvent] = []
        var isScheduled = false
    }

    private let state = Mutex(State())

    /// Leaves a copy of the events; true if nobody is on the way to take them.
    ///
    /// Any thread.
    func post(_ events: [OutputEvent]) -> Bool {
        state.withLock { state in
            state.events.append(contentsOf: events)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
    }

    /// Swaps the waiting events into `events`, which must be empty; on the loop.
    func take(into events: inout [OutputEvent]) {
        state.withLock { state in
            swap(&state.events, &events)
            state.isScheduled = false
        }
    }
}
