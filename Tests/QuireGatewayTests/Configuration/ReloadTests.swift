import QuireGateway
import Testing

@Suite struct ReloadTests {
    private func configuration(_ names: [String]) -> GatewayConfiguration {
        GatewayConfiguration(
            fleet: FleetConfiguration(
                upstreams: names.map {
                    UpstreamConfiguration(
                        name: $0,
                        endpoint: UpstreamEndpoint(host: "127.0.0.1", port: 9)
                    )
                }
            )
        )
    }

    @Test func aReloadKeepsWhoStaysAndForgetsWhoLeaves() throws {
        let core = GatewayCore(configuration(["a", "b"]), seed: 1)
        let before = core.withFleet { fleet, now in fleet.status(now: now).map { ($0.name, $0.id) }
        }
        var next = configuration(["b", "c"])
        next.fleet.policy = .roundRobin
        core.reload(next)
        let after = core.withFleet { fleet, now in fleet.status(now: now) }
        #expect(Set(after.map(\.name)) == ["b", "c"])
        #expect(after.first { $0.name == "b" }?.id == before.first { $0.0 == "b" }?.1)
        let policy = core.withFleet { fleet, _ in fleet.groupStatus().first?.policy }
        #expect(policy == .roundRobin)
    }
}
