import ArgumentParser
import QuireJSON

/// The flags of a gateway; each is a key of its configuration, and goes over file and environment.
struct GatewayFlags: ParsableArguments {
    @Option(help: "File of settings, YAML or JSON (docs/gateway.md lists the keys).")
    var config: String?

    @Option(help: "Base URL of a server, such as http://10.0.0.1:8000; may be given many times.")
    var upstream: [String] = []

    @Option(help: "Base URLs of servers, separated by commas.")
    var upstreams: String?

    @Option(
        name: [.customLong("policy"), .customLong("lb-policy")],
        help:
            "How a server is chosen: least_conn, round_robin, p2c, random, sticky, prefix, scored."
    )
    var policy: String?

    @Option(help: "Address to listen on (default: 0.0.0.0).")
    var host: String?

    @Option(help: "Port to listen on; 0 takes a free one (default: 8080).")
    var port: String?

    @Option(parsing: .upToNextOption, help: "Keys that requests must bring.")
    var apiKey: [String] = []

    @Option(help: "Port of the admin listener, which is closed without one.")
    var adminPort: String?

    @Option(help: "Token that the admin's requests must bring.")
    var adminToken: String?

    @Option(help: "Seconds that running requests get after SIGTERM (default: 30).")
    var shutdownTimeout: String?

    @Option(
        name: .customLong("set"),
        help: "Any other key: --set circuitBreaker.slidingWindowSize=50; may be given many times."
    )
    var assignments: [String] = []

    /// What the flags set, in the order in which they apply.
    func values() throws -> [(path: [String], value: JSON, flag: String)] {
        var values: [([String], JSON, String)] = []
        for assignment in assignments {
            let parts = assignment.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let path = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, !path.contains("") else {
                throw StartError(
                    "--set \(assignment): expected KEY=VALUE, such as retry.maxAttempts=2"
                )
            }
            values.append(
                (path.map(String.init), GatewaySettings.value(of: String(parts[1])), "--set")
            )
        }
        let addresses =
            upstream
            + (upstreams ?? "").split(separator: ",")
            .map { $0.filter { $0 != " " } }
        if !addresses.isEmpty {
            values.append((["upstreams"], .array(addresses.map { .string($0) }), "--upstream"))
        }
        if !apiKey.isEmpty {
            values.append((["api_keys"], .array(apiKey.map { .string($0) }), "--api-key"))
        }
        let texts: [([String], String?, String)] = [
            (["policy"], policy, "--policy"), (["host"], host, "--host"),
            (["port"], port, "--port"),
            (["admin", "port"], adminPort, "--admin-port"),
            (["admin", "token"], adminToken, "--admin-token"),
            (["shutdown_timeout"], shutdownTimeout, "--shutdown-timeout"),
        ]
        for (path, text, flag) in texts {
            if let text { values.append((path, .string(text), flag)) }
        }
        return values
    }
}
