/// The bounds of a ``RoutingScan``, set once from the gateway's configuration.
package struct RoutingScanLimits: Sendable, Hashable {
    /// A longer body is refused with 413.
    package var bodyBytesMax = 32 << 20
    /// A deeper one is refused with 400.
    package var depthMax = 64
    /// Bytes of text per prefix key, a multiple of 8.
    ///
    /// Smaller blocks find shorter shared prefixes
    /// and make more keys.
    package var prefixBlockBytes = 256
    /// Keys per request; what follows is not hashed.
    package var prefixBlockCountMax = 128

    package init() {}
}
