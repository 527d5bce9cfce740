import NIOCore
import NIOPosix
import QuireGateway
import QuireHTTP
import QuireJSON
import QuireTestSupport
import Synchronization
import Testing

@Suite struct AdminResponderTests {
    /// Runs an admin listener over a gateway with upstreams `a` and `b/c` that nobody asks.
    private func withAdmin(
        reload: (@Sendable () -> EventLoopFuture<ReloadReport>)? = nil,
        reloads: ConfigurationReloads = ConfigurationReloads(),
        _ body: (HTTPTestClient, GatewayCore) throws -> Void
    ) throws {
        let upstreams = ["a", "b/c"].map {
            UpstreamConfiguration(
                name: $0,
                endpoint: UpstreamEndpoint(host: "127.0.0.1", port: 9)
            )
        }
        let configuration = GatewayConfiguration(fleet: FleetConfiguration(upstreams: upstreams))
        let core = GatewayCore(configuration, seed: 1)
        let server = try HTTPServer.start(
            on: .host("127.0.0.1", port: 0),
            group: MultiThreadedEventLoopGroup.singleton,
            responder: AdminResponder(core, token: "letmein", reloads: reloads, reload: reload)
        ).wait()
        defer { try? server.shutdown(within: .zero).wait() }
        try body(HTTPTestClient(port: server.port ?? 0), core)
    }

    private func ask(
        _ client: HTTPTestClient,
        _ method: String,
        _ path: String,
        _ body: String = "",
        token: String? = "Bearer letmein"
    ) throws -> (status: Int, json: JSON) {
        let response = try client.request(
            method,
            path,
            headers: token.map { [("Authorization", $0)] } ?? [],
            body: Array(body.utf8)
        )
        return (response.status, try JSON(parsing: response.body))
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer letmei", "Bearer letmeinn",
        "Basic letmein", "letmein", "Bearer  letmein", "Bearer LETMEIN",
    ])
    func withoutTheTokenNothingIsSaidOrDone(token: String?) throws {
        try withAdmin { client, core in
            for (method, path) in [
                ("GET", "/admin/status"), ("POST", "/admin/upstreams/a/drain"), ("GET", "/x"),
                ("POST", "/admin/reload"),
            ] {
                let status = try ask(client, method, path, token: token).status
                #expect(status == 401)
            }
            #expect(core.withFleet { fleet, now in fleet.status(now: now)[0].isDraining } == false)
        }
    }

    @Test func theStatusShowsEveryUpstream() throws {
        try withAdmin { client, _ in
            let (status, json) = try ask(client, "GET", "/admin/status")
            #expect(status == 200)
            #expect(json["policy"] == .string("least_conn"))
            let upstreams = try #require(json["upstreams"]?.array)
            #expect(upstreams.map { $0["name"] } == [.string("a"), .string("b/c")])
            #expect(upstreams[0]["state"] == .string("up"))
            #expect(upstreams[0]["breaker"] == .string("closed"))
            #expect(upstreams[0]["weight"] == .int(1))
            #expect(upstreams[0]["in_flight"] == .int(0))
            #expect(upstreams[0]["url"] == .string("http://127.0.0.1:9"))
            #expect(json["configuration"]?["reloads"] == .int(0))
        }
    }

    @Test func drainingAndEjectingAreDoneAndUndone() throws {
        try withAdmin { client, core in
            for (action, state) in [
                ("drain", "draining"), ("undrain", "up"), ("eject", "ejected"), ("undrain", "up"),
            ] {
                let (status, json) = try ask(client, "POST", "/admin/upstreams/a/\(action)")
                #expect(status == 200)
                #expect(json["state"] == .string(state))
            }
            // The name has a slash, as a base URL with a path gives one.
            for path in ["/admin/upstreams/b/c/drain", "/admin/upstreams/b%2Fc/drain"] {
                let (status, json) = try ask(client, "POST", path)
                #expect(status == 200)
                #expect(json["name"] == .string("b/c"))
                #expect(json["state"] == .string("draining"))
            }
            let draining = core.withFleet { fleet, now in fleet.status(now: now).map(\.isDraining) }
            #expect(draining == [false, true])
        }
    }

    @Test func aDrainedUpstreamGetsNoRequest() throws {
        try withAdmin { client, core in
            _ = try ask(client, "POST", "/admin/upstreams/a/drain")
            for _ in 0..<10 {
                let pick = core.withFleet { fleet, now in fleet.pick(PickRequest(), now: now) }
                guard case .attempt(let attempt) = pick else {
                    Issue.record("no upstream was picked")
                    continue
                }
                let name = core.withFleet { fleet, _ in
                    fleet.configuration(of: attempt.upstream)?.name
                }
                #expect(name == "b/c")
            }
        }
    }

    @Test func aWeightIsChangedByHand() throws {
        try withAdmin { client, core in
            let (status, json) = try ask(
                client,
                "POST",
                "/admin/upstreams/a/weight",
                #"{"weight": 5}"#
            )
            #expect(status == 200)
            #expect(json["weight"] == .int(5))
            for body in [
                "", "{", "{}", "[]", #"{"weight": -1}"#, #"{"weight": "x"}"#, #"{"weight": 1.5}"#,
            ] {
                let refused = try ask(client, "POST", "/admin/upstreams/a/weight", body).status
                #expect(refused == 400)
            }
            #expect(core.withFleet { fleet, now in fleet.status(now: now)[0].weight } == 5)
        }
    }

    @Test(arguments: [
        ("POST", "/admin/upstreams/z/drain", 404), ("POST", "/admin/upstreams/a/explode", 404),
        ("POST", "/admin/upstreams/a", 404), ("POST", "/admin/upstreams/", 404),
        ("GET", "/admin/upstreams/a/drain", 405), ("POST", "/admin/status", 405),
        ("GET", "/", 404), ("POST", "/admin/reload", 400),
    ])
    func whatIsNotThereIsSaidInOpenAIsShape(method: String, path: String, status: Int) throws {
        try withAdmin { client, _ in
            let (got, json) = try ask(client, method, path)
            #expect(got == status)
            #expect(json["error"]?["message"]?.string?.isEmpty == false)
        }
    }

    @Test func aReloadSaysWhatCameOfIt() throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let next = Mutex(ReloadReport.accepted(upstreamCount: 3, notes: ["port: needs a restart"]))
        let reloads = ConfigurationReloads()
        try withAdmin(
            reload: {
                let report = next.withLock { $0 }
                reloads.note(report)
                return loop.makeSucceededFuture(report)
            },
            reloads: reloads
        ) { client, _ in
            let (status, json) = try ask(client, "POST", "/admin/reload")
            #expect(status == 200)
            #expect(json["upstreams"] == .int(3))
            #expect(json["notes"] == .array([.string("port: needs a restart")]))
            next.withLock { $0 = .refused("gateway.yml:3: policy: no") }
            let (refused, error) = try ask(client, "POST", "/admin/reload")
            #expect(refused == 400)
            #expect(
                error["error"]?["message"]?.string?.contains("gateway.yml:3: policy: no") == true
            )
            let state = try ask(client, "GET", "/admin/status").json["configuration"]
            #expect(state?["reloads"] == .int(1))
            #expect(state?["refused"] == .int(1))
            #expect(state?["last_refusal"] == .string("gateway.yml:3: policy: no"))
        }
    }
}
