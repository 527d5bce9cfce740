import QuireHTTP

/// What a request needs to know of the instance it goes to, made once per configuration.
///
/// Immutable and shared: an attempt, a row of the fleet and a loop's connections hold one reference
/// each, where copies of the settings (five strings and lists) cost every pick 1,500 instructions.
/// Made anew by each reload, so that whoever kept what it found by one looks again.
package final class UpstreamTarget: Sendable {
    package let configuration: UpstreamConfiguration
    let address: ServerAddress
    /// What the Host field says.
    let hostField: String

    init(_ configuration: UpstreamConfiguration) {
        self.configuration = configuration
        let endpoint = configuration.endpoint
        address = ServerAddress(host: endpoint.host, port: endpoint.port, prefix: endpoint.prefix)
        hostField = endpoint.hostHeader ?? address.authority
    }
}
