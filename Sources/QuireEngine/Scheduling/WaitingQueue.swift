/// The requests that wait for a place, best first.
///
/// Kept in reverse order, so that the usual taker and a preempted request coming back touch the
/// end of the array; a newcomer costs a binary search and one move of the pointers behind it
/// (8 bytes for each that waits).
struct WaitingQueue {
    private var reversed: [ScheduledRequest] = []

    init(capacity: Int) { reversed.reserveCapacity(capacity) }

    var count: Int { reversed.count }
    var first: ScheduledRequest? { reversed.last }
    /// Best first; O(1).
    var all: ReversedCollection<[ScheduledRequest]> { reversed.reversed() }

    mutating func insert(_ request: ScheduledRequest) {
        reversed.insert(request, at: position(of: request))
    }

    mutating func removeFirst() -> ScheduledRequest? { reversed.popLast() }

    /// Removes a request that is in the queue.
    mutating func remove(_ request: ScheduledRequest) {
        let index = position(of: request)
        precondition(index < reversed.count && reversed[index] === request, "it waits")
        reversed.remove(at: index)
    }

    /// The first index whose request does not run after `request`.
    private func position(of request: ScheduledRequest) -> Int {
        var (low, high) = (0, reversed.count)
        while low < high {
            let middle = low + (high - low) / 2
            if request.precedes(reversed[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
