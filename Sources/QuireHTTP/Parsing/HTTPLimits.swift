/// How much of each part of a message is read before it is refused.
///
/// Every buffer of the parser is bounded by one of these, so a peer decides nothing about memory.
package struct HTTPLimits: Sendable {
    /// The request or status line, line end included.
    package var startLineBytes = 8 << 10
    /// All field lines together, line ends included; trailers have the same bound again.
    package var headerBytes = 32 << 10
    /// Field lines in a head; trailers have the same bound again.
    package var fieldCount = 100
    /// Chunk extensions of a whole message.
    package var chunkExtensionBytes = 4 << 10
    /// The body after chunk framing is taken off.
    package var bodyBytes = 32 << 20

    /// Creates the default limits.
    package init() {}
}
