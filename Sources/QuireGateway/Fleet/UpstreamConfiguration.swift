/// One instance as the operator describes it.
package struct UpstreamConfiguration: Hashable, Sendable {
    /// What it is called in logs, metrics and by the admin; unique in a fleet.
    package var name: String
    package var endpoint: UpstreamEndpoint
    /// nginx `weight` (1): its share relative to its peers.
    ///
    /// 0 takes no new requests.
    package var weight: Int = 1
    /// Lower comes first; the next tier gets what the tiers above have no room for.
    package var priority: Int = 0
    /// Resilience4j `maxConcurrentCalls` for this instance; `nil` means the fleet's.
    package var maxConcurrentCalls: Int?
    /// nginx `max_fails` for this instance; `nil` means the fleet's.
    package var maxFails: Int?
    /// nginx `fail_timeout` for this instance; `nil` means the fleet's.
    package var failTimeout: Duration?
    /// Models it serves, by the fleet's names.
    ///
    /// Empty: what it says at `/v1/models`, and anything until it said so.
    package var models: [String] = []
    /// The instance's own name of a model, where it differs from the fleet's name (the key).
    package var modelNames: [String: String] = [:]
    /// Sent as its bearer token in place of the client's.
    package var apiKey: String?
    /// Whether it continues a cut answer by prefix (`continue_final_message`).
    package var canResume: Bool?

    package init(name: String, endpoint: UpstreamEndpoint) {
        self.name = name
        self.endpoint = endpoint
    }
}
