package import NIOCore

/// How long each part of an upstream's answer may take.
package struct TimeLimits: Sendable, Hashable {
    /// Until the connection is open.
    package var connect = TimeAmount.seconds(5)
    /// From the request to the first byte of the answer; long, since engines queue.
    package var firstByte = TimeAmount.seconds(120)
    /// Between two pieces of an answer.
    package var betweenBytes = TimeAmount.seconds(60)
    /// The whole request, all attempts and waiting together.
    package var total = TimeAmount.seconds(3600)

    package init() {}
}
