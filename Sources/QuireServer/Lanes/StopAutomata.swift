/// A request's stop strings, ready to be searched for: built once, on a preprocess thread, and
/// shared by all of its choices.
///
/// Sendable; two bytes per byte of the stop strings.
package final class StopAutomata: Sendable {
    /// As UTF-8, none empty.
    let stops: [[UInt8]]
    /// `links[s][k]` is the length of the longest proper prefix of stop string `s` that is also a
    /// suffix of its first `k` bytes (Knuth, Morris and Pratt).
    let links: [[UInt16]]

    /// `stops` are not empty strings, each shorter than 64 KiB, as the request's limits see to.
    package init(_ stops: [[UInt8]]) {
        self.stops = stops
        links = stops.map { stop in
            precondition(!stop.isEmpty && stop.count <= Int(UInt16.max), "a stop string's length")
            var links = [UInt16](repeating: 0, count: stop.count + 1)
            var length = 0
            for index in stop.indices.dropFirst() {
                while length > 0, stop[index] != stop[length] { length = Int(links[length]) }
                if stop[index] == stop[length] { length += 1 }
                links[index + 1] = UInt16(length)
            }
            return links
        }
    }
}
