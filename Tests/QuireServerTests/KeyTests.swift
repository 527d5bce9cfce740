import NIOCore
import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// The key check, alone and in front of every route.
@Suite struct KeyTests {
    private func admits(_ keys: [String], _ value: String?) -> Bool {
        APIKeys(keys).admits(value.map { ByteBuffer(string: $0) })
    }

    @Test func onlyABearerWithOneOfTheKeysIsAdmitted() {
        let keys = ["alpha", "beta-longer"]
        for good in ["Bearer alpha", "bearer beta-longer", "BEARER alpha", "Bearer  alpha"] {
            #expect(admits(keys, good), "\(good)")
        }
        for bad in [
            nil, "", "Bearer", "Bearer ", "Bearer alph", "Bearer alphaa", "Bearer Alpha", "alpha",
            "Basic alpha", "Bearer alphabeta-longer", "Bearer beta-longe", "Token alpha",
            "Bearer alpha ", "Bearer \u{0}alpha",
        ] {
            #expect(!admits(keys, bad), "\(bad ?? "nil")")
        }
    }

    @Test func anEmptyKeyIsNoKey() {
        #expect(APIKeys([""]).isEmpty)
        #expect(!admits(["", "a"], "Bearer "))
    }

    @Test func everyRouteButHealthAsksForTheKey() throws {
        var options = ServerOptions()
        options.apiKeys = ["sesame"]
        let server = try LiveServer.stories(options: options)
        let routes = [
            ("POST", "/v1/chat/completions"), ("POST", "/v1/completions"), ("GET", "/v1/models"),
            ("GET", "/v1/models/stories"), ("POST", "/tokenize"), ("POST", "/detokenize"),
            ("GET", "/version"), ("GET", "/metrics"), ("GET", "/no-such-route"),
            ("GET", "/v1/completions"), ("GET", "/health/"), ("GET", "//health"),
        ]
        for (method, path) in routes {
            for headers in [[], [("Authorization", "Bearer wrong")]] {
                let response = try server.client().request(
                    method,
                    path,
                    headers: headers,
                    body: method == "POST" ? [] : nil
                )
                #expect(response.status == 401, "\(method) \(path)")
                #expect(response["www-authenticate"] == "Bearer")
                #expect(try response.json()["error"]?["code"]?.int == 401)
            }
        }
        #expect(try server.get("/health").status == 200)
        let key = [("Authorization", "Bearer sesame")]
        #expect(try server.get("/v1/models", headers: key).status == 200)
        #expect(try server.get("/no-such-route", headers: key).status == 404)
        let body = #"{"prompt": "Once", "max_tokens": 1}"#
        #expect(try server.post("/v1/completions", body, headers: key).status == 200)
        try server.shutDown()
    }
}
