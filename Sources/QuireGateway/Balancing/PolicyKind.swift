/// The policies by the names they have in a configuration.
package enum PolicyKind: String, Hashable, Sendable, CaseIterable {
    case leastConnections = "least_conn"
    case roundRobin = "round_robin"
    /// Power of two choices on peak EWMA latency times in flight.
    case powerOfTwoChoices = "ewma"
    case random = "random"
    case sticky = "sticky"
    case prefixAffinity = "prefix"
    case scored = "scored"
}
