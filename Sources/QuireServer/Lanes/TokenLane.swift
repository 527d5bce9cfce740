import NIOCore
import QuireEngine

/// One event loop's share of the running requests: a table of choices by slot.
///
/// Confined to its loop, but for `post`. `drain()` walks a step's events once: slot → choice, and at the end
/// flushes each stream that got something. A slot's generation tells late events of an earlier
/// owner from those of the present one.
final class TokenLane: @unchecked Sendable {
    // Safe: all state but the mailbox is touched on `loop` only, which `bind` and `release` check.
    private struct Row {
        var generation: UInt32 = 0
        var choice: ChoiceStream?
    }

    let index: Int
    let loop: any EventLoop
    private let mailbox = LaneMailbox()
    private var rows: [Row] = []
    private var freeRows: [Int32] = []
    private var events: [OutputEvent] = []
    /// Sessions that got something in this walk and are flushed at its end.
    private var touched: [ResponseSession] = []

    init(index: Int, loop: any EventLoop) {
        self.index = index
        self.loop = loop
    }

    /// Gives the choice a slot; it keeps it until it is released.
    func bind(_ choice: ChoiceStream) -> OutputAddress {
        loop.preconditionInEventLoop()
        let row: Int
        if let free = freeRows.popLast() {
            row = Int(free)
        } else {
            row = rows.count
            rows.append(Row())
        }
        rows[row].choice = choice
        let slot = SlotID(index: Int32(row), generation: rows[row].generation)
        return OutputAddress(lane: index, slot: slot)
    }

    /// Takes the slot back; events still on their way to it are ignored from now on.
    func release(_ address: OutputAddress) {
        loop.preconditionInEventLoop()
        let row = Int(address.slot.index)
        guard rows[row].generation == address.slot.generation else { return }
        rows[row].generation &+= 1
        rows[row].choice = nil
        freeRows.append(address.slot.index)
    }

    /// Leaves a step's events and wakes the loop if it is not on its way already; any thread.
    func post(_ events: [OutputEvent]) {
        if mailbox.post(events) { loop.execute { self.drain() } }
    }

    /// Handles everything that the engine left.
    private func drain() {
        // Moved out and back: a local is read without the checks that a class's property pays.
        var events: [OutputEvent] = []
        swap(&events, &self.events)
        mailbox.take(into: &events)
        for index in events.indices {
            let event = events[index]
            let row = Int(event.slot.index)
            guard row < rows.count, rows[row].generation == event.slot.generation,
                let choice = rows[row].choice
            else { continue }
            // The engine says in the same step whether a token ended its request.
            var ending: FinishReason?
            if index + 1 < events.count, events[index + 1].slot == event.slot,
                case .finished(let reason, _) = events[index + 1].kind
            {
                ending = reason
            }
            // Held here: an event that ends the session lets go of the last reference to it.
            let session = choice.session
            choice.handle(event.kind, ending: ending)
            if !session.isTouched {
                session.isTouched = true
                touched.append(session)
            }
        }
        events.removeAll(keepingCapacity: true)
        swap(&events, &self.events)
        for session in touched {
            session.isTouched = false
            session.flush()
        }
        touched.removeAll(keepingCapacity: true)
    }
}
