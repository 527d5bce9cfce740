/// A request's place at an upstream; it holds a slot until `Fleet.end`.
package struct Attempt: Sendable {
    package let upstream: UpstreamID
    /// Where it goes, as configured when it was picked.
    package let target: UpstreamTarget
    package let serial: UInt64
    package let startedAt: UInt64
    /// The model's name at that instance; `nil` where the name that was asked for is right.
    package let model: String?
}

/// What came of asking for an upstream.
package enum Pick: Sendable {
    case attempt(Attempt)
    /// Wait: the slot comes as a `Grant`, or call `Fleet.expire` at the deadline.
    case queued(Ticket)
    case refused(Refusal)
}

/// A request's place in the queue of a group.
package struct Ticket: Hashable, Sendable {
    package let serial: UInt64
    /// When the driver calls `Fleet.expire`.
    package let deadline: UInt64
}

/// A slot for one that waited.
///
/// Whoever gets it hands it to the ticket's owner.
package struct Grant: Sendable {
    package let ticket: Ticket
    package let attempt: Attempt
}

/// Why a request gets no upstream.
package enum Refusal: Hashable, Sendable {
    case unknownModel
    /// None is left that may be tried.
    case noneHealthy(retryAfterSeconds: Int)
    /// All slots are held and the queue is full (or the request may not wait).
    case full(retryAfterSeconds: Int)
}
