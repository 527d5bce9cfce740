/// An instance as the monitor knows it.
package struct MonitoredUpstream: Hashable, Sendable {
    package var id: UpstreamID
    package var endpoint: UpstreamEndpoint
    /// Sent as its bearer token.
    package var apiKey: String?

    package init(id: UpstreamID, endpoint: UpstreamEndpoint, apiKey: String? = nil) {
        self.id = id
        self.endpoint = endpoint
        self.apiKey = apiKey
    }
}
