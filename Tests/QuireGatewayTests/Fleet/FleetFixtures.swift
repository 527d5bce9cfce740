import QuireGateway

func endpoint(_ name: String) -> UpstreamEndpoint { UpstreamEndpoint(host: name, port: 8000) }

func upstream(_ name: String) -> UpstreamConfiguration {
    UpstreamConfiguration(name: name, endpoint: endpoint(name))
}

let second: UInt64 = 1_000_000_000
let millisecond: UInt64 = 1_000_000
