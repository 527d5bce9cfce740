package import QuireJSON

/// The names of a configuration file; docs/gateway.md describes them.
///
/// Each is spelled as nginx, Resilience4j or LiteLLM spell it where one of them has it.
extension GatewayConfiguration {
    /// Reads a configuration; whatever is not understood is an error.
    ///
    /// `environment` gives the value of a variable, for `api_key_env` and its like: this module
    /// reads no environment itself.
    package init(
        json: JSON,
        environment: @escaping (String) -> String? = { _ in nil }
    ) throws(ConfigurationError) {
        self = try Self.read(json, .init(environment: environment, collectsEntries: false))
    }

    /// The same, with every value that is in force and where it was given.
    package static func describe(
        _ json: JSON,
        environment: @escaping (String) -> String? = { _ in nil }
    ) throws(ConfigurationError) -> (GatewayConfiguration, [ConfigurationEntry]) {
        let reading = ConfigurationSection.Reading(environment: environment, collectsEntries: true)
        let configuration = try read(json, reading)
        return (configuration, reading.entries)
    }

    /// Keys of the outermost object that have two names.
    package static let namesForTheSame = [
        ["policy", "lb_policy"], ["upstreams", "servers"], ["groups", "models"],
        ["timeLimiter", "timeouts"], ["health", "health_check"], ["scrape", "metrics"],
    ]

    private static func read(
        _ json: JSON,
        _ reading: ConfigurationSection.Reading
    ) throws(ConfigurationError) -> GatewayConfiguration {
        // An empty file is an empty object.
        guard let object = json.isNull ? JSONObject() : json.object else {
            throw ConfigurationError(path: "", reason: "expected an object, got \(json.typeName)")
        }
        var configuration = GatewayConfiguration(fleet: FleetConfiguration())
        try ConfigurationSection.read(object, path: "", givenPath: "", reading) {
            section throws(ConfigurationError) in
            try configuration.take(section)
        }
        try configuration.checkNames()
        return configuration
    }

    private mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.string("host", expected: "an address", where: { !$0.isEmpty }, &host)
        try section.int("port", in: 0...65535, &port)
        try takeKeys(section)
        try section.duration("shutdown_timeout", &shutdownTimeout)
        try fleet.take(section)
        try section.section("timeLimiter", or: ["timeouts"]) { part throws(ConfigurationError) in
            try part.duration("timeoutDuration", or: ["total"], &limits.total)
            try part.duration("connect", or: ["proxy_connect_timeout"], &limits.connect)
            try part.duration("first_byte", &limits.firstByte)
            try part.duration("between_bytes", or: ["proxy_read_timeout"], &limits.betweenBytes)
        }
        try section.section("keepalive", short: "connections") { part throws(ConfigurationError) in
            try part.int("connections", in: 0...65536, &keepalive.connections)
            try part.duration("timeout", or: ["keepalive_timeout"], &keepalive.timeout)
        }
        try section.section("health", or: ["health_check"]) { part throws(ConfigurationError) in
            try part.string("path", expected: "a path", where: Self.isPath, &health.path)
            try part.duration("interval", &health.interval)
            try part.duration("timeout", atLeast: .milliseconds(1), &health.timeout)
            try part.duration("stall_timeout", &health.stallTimeout)
            try fleet.activeHealth.take(part)
        }
        try section.section("scrape", or: ["metrics"], short: "interval") {
            part throws(ConfigurationError) in
            try part.string("path", expected: "a path", where: Self.isPath, &scrape.path)
            try part.duration("interval", &scrape.interval)
            try part.duration("timeout", atLeast: .milliseconds(1), &scrape.timeout)
        }
        try section.section("fallback", short: "mode") { part throws(ConfigurationError) in
            try part.choice("mode", &fallback.mode)
            try part.choice("language", &fallback.language)
            try part.section("text") { texts throws(ConfigurationError) in
                try texts.string("en", &fallback.englishText)
                try texts.string("zh", &fallback.chineseText)
            }
        }
        try section.bool("resume", &resumes)
        try section.section("admin", short: "port") { part throws(ConfigurationError) in
            try admin.take(part)
        }
    }

    private mutating func takeKeys(_ section: ConfigurationSection) throws(ConfigurationError) {
        let isBlank = section.isBlank("api_keys")
        try section.strings("api_keys", isSecret: true, &apiKeys)
        var single: String?
        try section.secret("api_key", &single)
        if let single { apiKeys.append(single) }
        // An empty variable in a template must not open the gateway to everybody.
        guard !isBlank else {
            throw section.error("api_keys", "is empty; leave it out to serve without keys")
        }
        guard apiKeys.allSatisfy(ConfigurationSection.isHeaderText) else {
            throw section.error("api_keys", "a key must be printable and without blanks")
        }
    }

    /// Names that refer to something, and those that must be unique.
    private func checkNames() throws(ConfigurationError) {
        var names: Set<String> = []
        for (index, upstream) in fleet.upstreams.enumerated() {
            guard names.insert(upstream.name).inserted else {
                throw ConfigurationError(
                    path: "upstreams[\(index)]",
                    reason: "the name \(upstream.name) is taken; give each upstream its own `name`"
                )
            }
        }
        var models: Set<String> = []
        for (index, group) in fleet.groups.enumerated() {
            let path = "groups[\(index)]"
            for name in [group.model] + group.aliases where !models.insert(name).inserted {
                throw ConfigurationError(path: path, reason: "the model \(name) is named twice")
            }
            for name in group.upstreams where !names.contains(name) {
                let near = KeyName.nearest(to: name, among: names.sorted())
                throw ConfigurationError(
                    path: "\(path).upstreams",
                    reason: "no upstream is named \(name)"
                        + (near.map { "; did you mean \($0)?" } ?? "")
                )
            }
            guard !group.fallbackModels.contains(group.model) else {
                throw ConfigurationError(
                    path: "\(path).fallbacks",
                    reason: "\(group.model) cannot stand in for itself"
                )
            }
        }
    }

    static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && ConfigurationSection.isHeaderText(text)
    }
}

extension AdminConfiguration {
    fileprivate mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.string("host", expected: "an address", where: { !$0.isEmpty }, &host)
        try section.int("port", in: 0...65535, &port)
        var given: String?
        try section.secret("token", &given)
        token = given ?? ""
        guard port == nil || !token.isEmpty else {
            throw section.error("token", "the admin listener needs a token (token or token_env)")
        }
    }
}
