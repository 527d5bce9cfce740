/// Finds a request's stop strings in its text, however the text is cut into pieces.
///
/// Bytes that may be the beginning of a stop string are held back until they are one or cannot be,
/// so that a client never sees half of it. One per choice that has stop strings; loop-confined.
/// Cost: each byte is compared with the stop strings' bytes it could continue; nothing is rescanned.
/// A choice's own memory is two bytes per stop string and what is held.
package struct StopMatcher {
    /// What became of the bytes pushed so far.
    package enum Verdict: Equatable {
        case running
        /// The stop string at this index ended the text.
        case stopped(Int)
    }

    private let automata: StopAutomata
    private let keepsStopString: Bool
    /// Bytes not yet handed on, from `heldStart`: a suffix of the text that begins a stop string.
    ///
    /// What stands before is cut once it is the larger part, so that a byte costs a constant.
    private var held: [UInt8] = []
    private var heldStart = 0
    /// By stop string: how many of its bytes the text ends with.
    private var states: [UInt16]

    package init(_ automata: StopAutomata, keepsStopString: Bool) {
        self.automata = automata
        self.keepsStopString = keepsStopString
        states = Array(repeating: 0, count: automata.stops.count)
    }

    /// Takes the next bytes and appends to `output` those that the client may see.
    ///
    /// After `.stopped` nothing more may be pushed. `mayStop` is false while `min_tokens` is not
    /// reached: then matches are ignored.
    package mutating func push(
        _ bytes: some Sequence<UInt8>,
        mayStop: Bool,
        into output: inout [UInt8]
    ) -> Verdict {
        for byte in bytes {
            held.append(byte)
            var longest = 0
            for index in states.indices {
                if advance(index, byte) {
                    let count = automata.stops[index].count
                    if mayStop {
                        handOn(to: keepsStopString ? held.count : held.count - count, into: &output)
                        held.removeAll()
                        heldStart = 0
                        return .stopped(index)
                    }
                    states[index] = automata.links[index][count]
                }
                longest = max(longest, Int(states[index]))
            }
            handOn(to: held.count - longest, into: &output)
        }
        return .running
    }

    /// Hands on what is still held when the text ends otherwise.
    package mutating func flush(into output: inout [UInt8]) {
        handOn(to: held.count, into: &output)
    }

    /// Moves what is held before `end` to the output.
    private mutating func handOn(to end: Int, into output: inout [UInt8]) {
        guard end > heldStart else { return }
        output.append(contentsOf: held[heldStart..<end])
        heldStart = end
        guard heldStart * 2 > held.count else { return }
        held.removeFirst(heldStart)
        heldStart = 0
    }

    /// Feeds one byte to one automaton; true when its stop string is complete.
    private mutating func advance(_ index: Int, _ byte: UInt8) -> Bool {
        let stop = automata.stops[index]
        var state = Int(states[index])
        while state > 0, stop[state] != byte { state = Int(automata.links[index][state]) }
        if stop[state] == byte { state += 1 }
        states[index] = UInt16(state)
        return state == stop.count
    }
}
