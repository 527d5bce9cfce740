/// Finds a request's stop strings in its text, however the text is cut into pieces.
///
/// Bytes that may be the beginning of a stop string are held back until they are one or cannot be,
/// so that a client never sees half of it. One per choice that has stop strings; loop-confined.
/// Cost: each byte is compared with the stop strings' bytes it could continue; nothing is rescanned.
package struct StopMatcher {
    /// What became of the bytes pushed so far.
    package enum Verdict: Equatable {
        case running
        /// The stop string at this index ended the text.
        case stopped(Int)
    }

    private let stops: [[UInt8]]
    private let keepsStopString: Bool
    /// Bytes not yet handed on: a suffix of the text that is a proper prefix of a stop string.
    private var held: [UInt8] = []
    /// The stop strings as automata: `links[s][k]` is the length of the longest proper prefix of
    /// stop string `s` that is also a suffix of its first `k` bytes (Knuth, Morris and Pratt).
    private let links: [[Int]]
    private var states: [Int]

    /// `stops` are not empty strings.
    package init(stops: [[UInt8]], keepsStopString: Bool) {
        self.stops = stops
        self.keepsStopString = keepsStopString
        self.states = Array(repeating: 0, count: stops.count)
        self.links = stops.map { stop in
            var links = Array(repeating: 0, count: stop.count + 1)
            var length = 0
            for index in stop.indices.dropFirst() {
                while length > 0, stop[index] != stop[length] { length = links[length] }
                if stop[index] == stop[length] { length += 1 }
                links[index + 1] = length
            }
            return links
        }
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
            for index in stops.indices {
                guard advance(index, byte) else { continue }
                if mayStop {
                    let end = keepsStopString ? held.count : held.count - stops[index].count
                    output.append(contentsOf: held.prefix(end))
                    held.removeAll()
                    return .stopped(index)
                }
                states[index] = links[index][stops[index].count]
            }
            let longest = states.max() ?? 0
            if held.count > longest {
                output.append(contentsOf: held.prefix(held.count - longest))
                held.removeFirst(held.count - longest)
            }
        }
        return .running
    }

    /// Hands on what is still held when the text ends otherwise.
    package mutating func flush(into output: inout [UInt8]) {
        output.append(contentsOf: held)
        held.removeAll()
    }

    /// Feeds one byte to one automaton; true when its stop string is complete.
    private mutating func advance(_ index: Int, _ byte: UInt8) -> Bool {
        var state = states[index]
        while state > 0, stops[index][state] != byte { state = links[index][state] }
        if stops[index][state] == byte { state += 1 }
        states[index] = state
        return state == stops[index].count
    }
}
