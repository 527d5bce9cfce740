import NIOCore
import QuireGateway
import QuireJSON
import Testing

@Suite struct GatewayConfigurationTests {
    private func read(
        _ text: String,
        environment: [String: String] = [:]
    ) throws -> GatewayConfiguration {
        try GatewayConfiguration(json: JSON(parsing: text)) { environment[$0] }
    }

    @Test func anEmptyFileIsTheDefaults() throws {
        let defaults = GatewayConfiguration(fleet: FleetConfiguration())
        #expect(try read("{}") == defaults)
        #expect(try read("null") == defaults)
    }

    @Test func everyKeyReachesItsValue() throws {
        let configuration = try read(
            """
            {"host": "127.0.0.1", "port": 9, "api_keys": ["k1", "k2"], "shutdown_timeout": "5s",
             "policy": "round_robin", "min_healthy_upstreams": 2,
             "upstreams": [{"url": "http://a:8001/base/v1", "name": "a", "weight": 3,
               "priority": 1, "max_fails": 4, "fail_timeout": "20s", "maxConcurrentCalls": 7,
               "models": ["m"], "model_names": {"m": "org/m"}, "api_key": "secret",
               "host": "engine.example", "resume": true}],
             "groups": [{"model": "m", "aliases": ["gpt"], "fallbacks": ["n"], "policy": "random",
               "upstreams": ["a"]}],
             "circuitBreaker": {"slidingWindowSize": 50, "minimumNumberOfCalls": 5,
               "failureRateThreshold": 25, "waitDurationInOpenState": "PT1M",
               "permittedNumberOfCallsInHalfOpenState": 3},
             "bulkhead": {"maxConcurrentCalls": 32, "maxWaitDuration": "2s", "maxWaitingCalls": 9},
             "timeLimiter": {"timeoutDuration": "10m", "connect": "1s", "first_byte": "30s",
               "between_bytes": "15s"},
             "retry": {"maxAttempts": 4, "waitDuration": "10ms", "max_wait_duration": "2s",
               "budget": {"ratio": 0.5, "reserve": 3, "reserve_per_second": 2, "max": 50}},
             "passiveHealth": {"max_fails": 5, "fail_timeout": "7s", "max_ejection_time": "70s"},
             "keepalive": {"connections": 8, "timeout": "3s"},
             "health": {"path": "/live", "interval": "1s", "timeout": "200ms",
               "stall_timeout": "4s", "fall": 3, "rise": 2, "validity": "30s"},
             "scrape": {"path": "/m", "interval": "5s", "timeout": "1s"},
             "slow_start": {"duration": "1m", "initial_share": 0.2},
             "overload": {"default_retry_after": "3s", "max_retry_after": "9s"},
             "prefix": {"table_bytes": 1048576, "tokens_per_request": 64, "max_load_factor": 1.5},
             "ewma": {"decay": "5s"},
             "fallback": {"mode": "answer", "language": "zh", "text": {"en": "e", "zh": "z"}},
             "admin": {"host": "127.0.0.2", "port": 10, "token": "t"}}
            """
        )
        #expect(configuration.host == "127.0.0.1")
        #expect(configuration.port == 9)
        #expect(configuration.apiKeys == ["k1", "k2"])
        #expect(configuration.shutdownTimeout == .seconds(5))
        let fleet = configuration.fleet
        #expect(fleet.policy == .roundRobin)
        #expect(fleet.minHealthyUpstreams == 2)
        var upstream = UpstreamConfiguration(
            name: "a",
            endpoint: UpstreamEndpoint(
                host: "a",
                port: 8001,
                prefix: "/base",
                hostHeader: "engine.example"
            )
        )
        upstream.weight = 3
        upstream.priority = 1
        upstream.maxFails = 4
        upstream.failTimeout = .seconds(20)
        upstream.maxConcurrentCalls = 7
        upstream.models = ["m"]
        upstream.modelNames = ["m": "org/m"]
        upstream.apiKey = "secret"
        upstream.canResume = true
        #expect(fleet.upstreams == [upstream])
        var group = ModelGroupConfiguration(model: "m")
        group.aliases = ["gpt"]
        group.fallbackModels = ["n"]
        group.policy = .random
        group.upstreams = ["a"]
        #expect(fleet.groups == [group])
        #expect(fleet.circuitBreaker.slidingWindowSize == 50)
        #expect(fleet.circuitBreaker.minimumNumberOfCalls == 5)
        #expect(fleet.circuitBreaker.failureRateThreshold == 25)
        #expect(fleet.circuitBreaker.waitDurationInOpenState == .seconds(60))
        #expect(fleet.circuitBreaker.permittedNumberOfCallsInHalfOpenState == 3)
        #expect(fleet.bulkhead.maxConcurrentCalls == 32)
        #expect(fleet.bulkhead.maxWaitDuration == .seconds(2))
        #expect(fleet.bulkhead.maxWaitingCalls == 9)
        #expect(configuration.limits.total == .minutes(10))
        #expect(configuration.limits.connect == .seconds(1))
        #expect(configuration.limits.firstByte == .seconds(30))
        #expect(configuration.limits.betweenBytes == .seconds(15))
        #expect(configuration.maxAttempts == 4)
        #expect(fleet.retry.backoffBase == .milliseconds(10))
        #expect(fleet.retry.backoffMax == .seconds(2))
        #expect(fleet.retry.budgetRatio == 0.5)
        #expect(fleet.retry.budgetReserve == 3)
        #expect(fleet.retry.reservePerSecond == 2)
        #expect(fleet.retry.budgetMax == 50)
        #expect(fleet.passiveHealth.maxFails == 5)
        #expect(fleet.passiveHealth.failTimeout == .seconds(7))
        #expect(fleet.passiveHealth.maxEjectionTime == .seconds(70))
        #expect(configuration.keepalive.connections == 8)
        #expect(configuration.keepalive.timeout == .seconds(3))
        #expect(configuration.health.path == "/live")
        #expect(configuration.health.interval == .seconds(1))
        #expect(configuration.health.timeout == .milliseconds(200))
        #expect(configuration.health.stallTimeout == .seconds(4))
        #expect(fleet.activeHealth.fall == 3)
        #expect(fleet.activeHealth.rise == 2)
        #expect(fleet.activeHealth.validity == .seconds(30))
        #expect(configuration.scrape.path == "/m")
        #expect(configuration.scrape.interval == .seconds(5))
        #expect(configuration.scrape.timeout == .seconds(1))
        #expect(fleet.slowStart.duration == .seconds(60))
        #expect(fleet.slowStart.initialShare == 0.2)
        #expect(fleet.overload.defaultRetryAfter == .seconds(3))
        #expect(fleet.overload.maxRetryAfter == .seconds(9))
        #expect(fleet.prefixAffinity.tableBytes == 1_048_576)
        #expect(fleet.prefixAffinity.tokensPerRequest == 64)
        #expect(fleet.prefixAffinity.maxLoadFactor == 1.5)
        #expect(fleet.latency.decay == .seconds(5))
        #expect(configuration.fallback.mode == .answer)
        #expect(configuration.fallback.answer?.text(acceptLanguage: nil) == "z")
        #expect(configuration.fallback.englishText == "e")
        #expect(configuration.admin.host == "127.0.0.2")
        #expect(configuration.admin.port == 10)
        #expect(configuration.admin.token == "t")
    }

    @Test(arguments: [
        "circuitBreaker.slidingWindowSize", "circuit_breaker.sliding_window_size",
        "circuit-breaker.sliding-window-size", "CIRCUIT_BREAKER.SLIDING_WINDOW_SIZE",
    ])
    func aNameMayBeSpelledInThreeWays(path: String) throws {
        let parts = path.split(separator: ".")
        let configuration = try read("{\"\(parts[0])\": {\"\(parts[1])\": 77}}")
        #expect(configuration.fleet.circuitBreaker.slidingWindowSize == 77)
    }

    @Test(arguments: [
        ("least_conn", PolicyKind.leastConnections), ("least-busy", .leastConnections),
        ("round_robin", .roundRobin), ("p2c", .powerOfTwoChoices), ("ewma", .powerOfTwoChoices),
        ("power_of_two", .powerOfTwoChoices), ("random", .random), ("simple-shuffle", .random),
        ("sticky", .sticky),
    ])
    func aPolicyHasTheNamesOfItsKin(name: String, policy: PolicyKind) throws {
        #expect(try read("{\"policy\": \"\(name)\"}").fleet.policy == policy)
        #expect(try read("{\"lb_policy\": \"\(name)\"}").fleet.policy == policy)
    }

    @Test func everyPolicyThereIsCanBeNamed() throws {
        for policy in PolicyKind.allCases {
            #expect(try read("{\"policy\": \"\(policy.rawValue)\"}").fleet.policy == policy)
        }
    }

    @Test func plainValuesStandForTheirSections() throws {
        let configuration = try read(
            """
            {"upstreams": ["http://a:1", "b:2"], "keepalive": 9, "retry": 5, "bulkhead": 12,
             "slow_start": "3s", "groups": ["m"]}
            """
        )
        #expect(configuration.fleet.upstreams.map(\.name) == ["a:1", "b:2"])
        #expect(configuration.keepalive.connections == 9)
        #expect(configuration.maxAttempts == 5)
        #expect(configuration.fleet.bulkhead.maxConcurrentCalls == 12)
        #expect(configuration.fleet.slowStart.duration == .seconds(3))
        #expect(configuration.fleet.groups.map(\.model) == ["m"])
    }

    @Test func textsOfEnvironmentVariablesAreReadAsTheirTypes() throws {
        let configuration = try read(
            """
            {"upstreams": "http://a:1, http://b:2", "port": "81", "api_keys": "x,y",
             "circuitBreaker": {"failureRateThreshold": "12.5"}, "shutdown_timeout": "3"}
            """
        )
        #expect(configuration.fleet.upstreams.map(\.name) == ["a:1", "b:2"])
        #expect(configuration.port == 81)
        #expect(configuration.apiKeys == ["x", "y"])
        #expect(configuration.fleet.circuitBreaker.failureRateThreshold == 12.5)
        #expect(configuration.shutdownTimeout == .seconds(3))
    }

    @Test func secretsComeFromTheEnvironmentByName() throws {
        let environment = ["KEY": "k", "TOKEN": "t", "CLIENT": "c", "BLANK": "a b"]
        let configuration = try read(
            """
            {"upstreams": [{"url": "a:1", "api_key_env": "KEY"}], "api_keys": ["d"],
             "api_key_env": "CLIENT", "admin": {"port": 1, "token_env": "TOKEN"}}
            """,
            environment: environment
        )
        #expect(configuration.fleet.upstreams[0].apiKey == "k")
        #expect(configuration.apiKeys == ["d", "c"])
        #expect(configuration.admin.token == "t")
        for (text, reason) in [
            (#"{"api_key_env": "NONE"}"#, "api_key_env: the environment variable NONE is not set"),
            (
                #"{"api_key_env": "BLANK"}"#,
                "api_key_env: the environment variable BLANK holds blanks or control characters"
            ),
            (
                #"{"api_key_env": "KEY", "api_key": "x"}"#,
                "api_key_env: give api_key or api_key_env, not both"
            ),
        ] {
            #expect(refusal(text, environment: environment) == reason)
        }
    }

    // MARK: Refusals

    private func refusal(_ text: String, environment: [String: String] = [:]) -> String? {
        do {
            _ = try read(text, environment: environment)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("[]", "expected an object, got array"),
        (#"{"port": 70000}"#, "port: expected an integer from 0 to 65535, got 70000"),
        (#"{"port": -1}"#, "port: expected an integer from 0 to 65535, got -1"),
        (#"{"port": 1.5}"#, "port: expected an integer from 0 to 65535, got 1.5"),
        (#"{"port": "x"}"#, "port: expected an integer from 0 to 65535, got \"x\""),
        (#"{"prot": 1}"#, "prot: unknown key; did you mean port?"),
        (
            #"{"circuitBreaker": {"slidingWindwSize": 1}}"#,
            "circuitBreaker.slidingWindwSize: unknown key; did you mean slidingWindowSize?"
        ),
        (#"{"circuitBreaker": 3}"#, "circuitBreaker: expected an object, got integer"),
        (#"{"circuitBreaker": []}"#, "circuitBreaker: expected an object, got array"),
        (#"{"retry": []}"#, "retry: expected an object, got array"),
        (
            #"{"retry": {"budget": {"ratio": -1}}}"#,
            "retry.budget.ratio: expected a number from 0.0 to 100.0, got -1"
        ),
        (
            #"{"bulkhead": {"maxWaitDuration": "soon"}}"#,
            "bulkhead.maxWaitDuration: expected a time such as 500ms, 10s, 1m30s, PT10S, or a number "
                + "of seconds, got \"soon\""
        ),
        (
            #"{"timeLimiter": {"connect": 0}}"#,
            "timeLimiter.connect: expected a time of at least 1ms such as 500ms, 10s, 1m30s, PT10S, "
                + "or a number of seconds, got 0"
        ),
        (
            #"{"max_fails": 1, "upstreams": []}"#,
            "max_fails: unknown key; known are "
        ),
        (
            #"{"upstreams": [{"name": "a"}]}"#,
            "upstreams[0].url: is missing; give a base URL such as http://10.0.0.1:8000"
        ),
        (#"{"upstreams": [3]}"#, "upstreams[0]: expected an object or a text, got integer"),
        (#"{"upstreams": {}}"#, "upstreams: expected a list, got an object"),
        (#"{"upstreams": ["http://a:99999"]}"#, "upstreams[0].url: "),
        (#"{"upstreams": ["https://a"]}"#, "upstreams[0].url: "),
        (
            #"{"upstreams": ["a:1", "a:1"]}"#,
            "upstreams[1]: the name a:1 is taken; give each upstream its own `name`"
        ),
        (
            #"{"upstreams": [{"url": "a:1", "weight": -1}]}"#,
            "upstreams[0].weight: expected an integer from 0 to 1000000, got -1"
        ),
        (
            #"{"upstreams": [{"url": "a:1", "name": 5}]}"#,
            "upstreams[0].name: expected a name (put it in quotes), got 5"
        ),
        (
            #"{"upstreams": [{"url": "a:1", "host": "x\r\ny"}]}"#,
            "upstreams[0].host: expected what the Host header says"
        ),
        (
            #"{"upstreams": [{"url": "a:1", "resume": "maybe"}]}"#,
            "upstreams[0].resume: expected true or false, got \"maybe\""
        ),
        (
            #"{"upstreams": [{"url": "a:1", "models": [1]}]}"#,
            "upstreams[0].models: expected a list of texts, got a list of 1"
        ),
        (
            #"{"upstreams": [{"url": "a:1", "model_names": {"m": 1}}]}"#,
            "upstreams[0].model_names: expected an object of texts, got an object"
        ),
        (#"{"groups": [{"aliases": ["x"]}]}"#, "groups[0].model: is missing"),
        (
            #"{"groups": [{"model": "m", "upstreams": ["alpa"]}], "upstreams": [{"url": "a:1", "name": "alpha"}]}"#,
            "groups[0].upstreams: no upstream is named alpa; did you mean alpha?"
        ),
        (
            #"{"groups": [{"model": "m"}, {"model": "n", "aliases": ["m"]}]}"#,
            "groups[1]: the model m is named twice"
        ),
        (
            #"{"groups": [{"model": "m", "fallbacks": ["m"]}]}"#,
            "groups[0].fallbacks: m cannot stand in for itself"
        ),
        (#"{"policy": "fastest"}"#, "policy: expected one of least_conn, round_robin, "),
        (#"{"policy": 1}"#, "policy: expected one of least_conn, "),
        (
            #"{"policy": "ewma", "lb_policy": "ewma"}"#,
            "lb_policy: is another name of policy; write one of them"
        ),
        (
            #"{"min_healthy_upstreams": 1, "minHealthyUpstreams": 2}"#,
            "minHealthyUpstreams: is the same key as min_healthy_upstreams; write it once"
        ),
        (#"{"health": {"path": "health"}}"#, "health.path: expected a path, got \"health\""),
        (#"{"admin": {"port": 1}}"#, "admin.token: the admin listener needs a token"),
        (#"{"admin": 9090}"#, "admin.token: the admin listener needs a token"),
        (#"{"fallback": {"text": {"fr": "x"}}}"#, "fallback.text.fr: unknown key"),
    ])
    func whatIsNotUnderstoodIsRefusedWithPathAndReason(text: String, reason: String) {
        let message = refusal(text)
        #expect(message?.hasPrefix(reason) == true, "\(message ?? "accepted")")
    }

    @Test func noRefusalShowsASecret() {
        for text in [
            #"{"api_key": "top secret"}"#, #"{"api_keys": {"a": "topsecret"}}"#,
            #"{"api_keys": ["top secret"]}"#, #"{"admin": {"port": 1, "token": "top secret"}}"#,
            #"{"upstreams": [{"url": "a:1", "api_key": "top\nsecret"}]}"#,
            #"{"admin": {"token": 1234567}}"#,
        ] {
            let message = refusal(text)
            #expect(message != nil)
            #expect(message?.contains("secret") != true && message?.contains("1234567") != true)
        }
    }

    /// Whatever stands at a key: an error or a configuration, never a trap.
    @Test func anyValueAtAnyKeyIsTakenOrRefused() throws {
        let (_, entries) = try GatewayConfiguration.describe(
            JSON(parsing: #"{"upstreams": ["a:1"], "groups": ["m"]}"#)
        )
        let values = [
            "null", "true", "0", "-1", "1e308", "9223372036854775807", "\"\"", "\"1\"", "\"-0\"",
            "[]", "[[]]", "{}", "{\"a\": 1}", "\"\\u0000\"", "1e-320", "\"9e99\"", "[null]",
        ]
        var count = 0
        for entry in entries {
            for value in values {
                var text = value
                for part in entry.path.split(separator: ".").reversed() {
                    if part.hasSuffix("[0]") {
                        let key = part.dropLast(3)
                        text = "{\"\(key)\": [\(text)]}"
                    } else {
                        text = "{\"\(part)\": \(text)}"
                    }
                }
                _ = refusal(text)
                count += 1
            }
        }
        #expect(count > 900)
    }

    // MARK: What is shown

    @Test func whatIsInForceIsShownWithWhereItWasGiven() throws {
        let json = try JSON(
            parsing:
                #"{"circuit_breaker": {"sliding_window_size": 5}, "api_keys": ["secret"], "keepalive": 3}"#
        )
        let (_, entries) = try GatewayConfiguration.describe(json)
        let byPath = Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0) })
        let window = byPath["circuitBreaker.slidingWindowSize"]
        #expect(window?.value == .int(5))
        #expect(window?.givenPath == "circuit_breaker.sliding_window_size")
        #expect(byPath["circuitBreaker.minimumNumberOfCalls"]?.givenPath == nil)
        #expect(byPath["api_keys"]?.value == .array([.string("***")]))
        #expect(byPath["keepalive.connections"]?.value == .int(3))
        #expect(byPath["bulkhead.maxWaitDuration"]?.value == .string("10s"))
    }

    @Test func whatIsShownReadsBackToTheSame() throws {
        let json = try JSON(
            parsing: """
                {"policy": "p2c", "bulkhead": {"maxWaitDuration": "1500ms"}, "retry": {"budget": 0.3},
                 "timeLimiter": {"total": 90}, "fallback": "answer", "slow_start": "2m"}
                """
        )
        let (configuration, entries) = try GatewayConfiguration.describe(json)
        var tree = JSONObject()
        for entry in entries {
            tree.set(entry.path.split(separator: ".").map(String.init)[...], to: entry.value)
        }
        #expect(try GatewayConfiguration(json: .object(tree)) == configuration)
    }

    @Test func aThousandUpstreamsAreReadInAMoment() throws {
        let items = (0..<1000).map { index in
            """
            {"url": "http://10.0.\(index / 250).\(index % 250):8000", "name": "engine-\(index)",
             "weight": 2, "max_fails": 3, "fail_timeout": "10s", "models": ["m\(index % 50)"]}
            """
        }
        let text = "{\"upstreams\": [\(items.joined(separator: ","))]}"
        let clock = ContinuousClock()
        var configuration = GatewayConfiguration(fleet: FleetConfiguration())
        let reading = try clock.measure { configuration = try read(text) }
        let making = clock.measure { _ = GatewayCore(configuration, seed: 1) }
        print("1,000 upstreams: read in \(reading), made into a fleet in \(making)")
        #expect(configuration.fleet.upstreams.count == 1000)
        // Ten times what is promised, for machines that do other things too.
        #expect(reading + making < .seconds(2))
    }
}

extension JSONObject {
    fileprivate mutating func set(_ path: ArraySlice<String>, to value: JSON) {
        guard let key = path.first else { return }
        guard path.count > 1 else { return self[key] = value }
        var inner = self[key]?.object ?? JSONObject()
        inner.set(path.dropFirst(), to: value)
        self[key] = .object(inner)
    }
}
