/// Everything that can be set of a gateway: plain values with defaults.
package struct GatewayConfiguration: Sendable, Hashable {
    package var fleet: FleetConfiguration
    package var limits = TimeLimits()
    /// Whether streams that their upstream cuts are continued on another one that can.
    package var resumes = true
    /// What is said in a model's place where nobody can answer; nil for an error with Retry-After.
    package var fallback: FallbackAnswer?

    package init(fleet: FleetConfiguration) {
        self.fleet = fleet
    }
}
