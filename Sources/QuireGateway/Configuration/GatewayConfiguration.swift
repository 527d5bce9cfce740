/// Everything that can be set of a gateway: plain values with defaults.
package struct GatewayConfiguration: Sendable, Hashable {
    package var fleet: FleetConfiguration
    package var limits = TimeLimits()
    /// Attempts of one request, the first included.
    package var maxAttempts = 3

    package init(fleet: FleetConfiguration) {
        self.fleet = fleet
    }
}
