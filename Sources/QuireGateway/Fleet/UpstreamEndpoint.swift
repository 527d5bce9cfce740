/// Where an upstream listens: the parts of its base URL.
package struct UpstreamEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// `https` when true, else `http`.
    package var usesTLS: Bool
    /// A name or a literal address, without brackets.
    package var host: String
    package var port: Int
    /// What comes before `/v1/...`, without a slash at its end; empty for most.
    package var prefix: String
    /// What the `Host` header says, where it is not the host itself.
    package var hostHeader: String?

    package init(
        host: String,
        port: Int,
        prefix: String = "",
        usesTLS: Bool = false,
        hostHeader: String? = nil
    ) {
        self.host = host
        self.port = port
        self.prefix = prefix
        self.usesTLS = usesTLS
        self.hostHeader = hostHeader
    }

    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(usesTLS ? "https" : "http")://\(name):\(port)\(prefix)"
    }
}
