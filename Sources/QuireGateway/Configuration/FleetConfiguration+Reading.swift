import QuireHTTP

extension FleetConfiguration {
    /// Takes what stands in the outermost object.
    mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.choice("policy", or: ["lb_policy"], spelled: PolicyKind.init(spelled:), &policy)
        try section.list("upstreams", or: ["servers"], short: "url") {
            item throws(ConfigurationError) in
            upstreams.append(try UpstreamConfiguration(item))
        }
        try section.list("groups", or: ["models"], short: "model") {
            item throws(ConfigurationError) in
            groups.append(try ModelGroupConfiguration(item))
        }
        try section.int("min_healthy_upstreams", in: 0...65536, &minHealthyUpstreams)
        try section.section("circuitBreaker") { part throws(ConfigurationError) in
            try circuitBreaker.take(part)
        }
        try section.section("bulkhead", short: "maxConcurrentCalls") {
            part throws(ConfigurationError) in
            try bulkhead.take(part)
        }
        try section.section("retry", short: "maxAttempts") { part throws(ConfigurationError) in
            try retry.take(part)
        }
        try section.section("passiveHealth") { part throws(ConfigurationError) in
            try passiveHealth.take(part)
        }
        try section.section("slow_start", short: "duration") { part throws(ConfigurationError) in
            try part.duration("duration", &slowStart.duration)
            try part.double("initial_share", in: 0.001...1, &slowStart.initialShare)
        }
        try section.section("overload") { part throws(ConfigurationError) in
            try part.duration("default_retry_after", &overload.defaultRetryAfter)
            try part.duration("max_retry_after", &overload.maxRetryAfter)
        }
        try section.section("prefix") { part throws(ConfigurationError) in
            try prefixAffinity.take(part)
        }
        try section.section("ewma") { part throws(ConfigurationError) in
            try part.duration("decay", atLeast: .milliseconds(1), &latency.decay)
        }
    }
}

extension UpstreamConfiguration {
    fileprivate init(_ section: ConfigurationSection) throws(ConfigurationError) {
        guard section.isGiven("url", or: ["api_base"]) else {
            throw section.error("url", "is missing; give a base URL such as http://10.0.0.1:8000")
        }
        var url = ""
        try section.string("url", or: ["api_base"], expected: "a base URL", &url)
        let address: ServerAddress
        do {
            address = try ServerAddress(parsing: url)
        } catch {
            throw section.error("url", "\(error)")
        }
        self.init(
            name: "\(address.authority)\(address.prefix)",
            endpoint: UpstreamEndpoint(
                host: address.host,
                port: address.port,
                prefix: address.prefix
            )
        )
        try section.string("name", expected: "a name", where: { !$0.isEmpty }, &name)
        try section.string(
            "host",
            expected: "what the Host header says",
            where: ConfigurationSection.isHeaderText,
            &endpoint.hostHeader
        )
        try section.int("weight", in: 0...1_000_000, &weight)
        try section.int("priority", or: ["order"], in: 0...1_000_000, &priority)
        try section.int("max_fails", in: 0...1_000_000, &maxFails)
        try section.duration("fail_timeout", &failTimeout)
        try section.int(
            "maxConcurrentCalls",
            or: ["max_conns", "max_parallel_requests"],
            in: 1...1_000_000,
            &maxConcurrentCalls
        )
        try section.strings("models", &models)
        try section.texts("model_names", &modelNames)
        try section.secret("api_key", &apiKey)
        var resumes = false
        let saysResume = section.isGiven("resume")
        try section.bool("resume", &resumes)
        if saysResume { canResume = resumes }
    }
}

extension ModelGroupConfiguration {
    fileprivate init(_ section: ConfigurationSection) throws(ConfigurationError) {
        self.init(model: "")
        guard section.isGiven("model", or: ["model_name"]) else {
            throw section.error("model", "is missing; give the name that clients ask for")
        }
        try section.string("model", or: ["model_name"], where: { !$0.isEmpty }, &model)
        try section.strings("aliases", &aliases)
        try section.strings("fallbacks", &fallbackModels)
        try section.strings("upstreams", &upstreams)
        try section.choice("policy", or: ["lb_policy"], spelled: PolicyKind.init(spelled:), &policy)
    }
}

extension CircuitBreakerConfiguration {
    fileprivate mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        // 4096 is the most that the breaker keeps.
        try section.int("slidingWindowSize", in: 1...4096, &slidingWindowSize)
        try section.int("minimumNumberOfCalls", in: 1...4096, &minimumNumberOfCalls)
        try section.double("failureRateThreshold", in: 0.001...100, &failureRateThreshold)
        try section.duration("waitDurationInOpenState", &waitDurationInOpenState)
        try section.int(
            "permittedNumberOfCallsInHalfOpenState",
            in: 1...4096,
            &permittedNumberOfCallsInHalfOpenState
        )
    }
}

extension BulkheadConfiguration {
    fileprivate mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.int("maxConcurrentCalls", in: 1...1_000_000, &maxConcurrentCalls)
        try section.duration("maxWaitDuration", &maxWaitDuration)
        try section.int("maxWaitingCalls", in: 0...1_000_000, &maxWaitingCalls)
    }
}

extension RetryConfiguration {
    fileprivate mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.int("maxAttempts", in: 1...100, &maxAttempts)
        try section.duration("waitDuration", &backoffBase)
        try section.duration("max_wait_duration", &backoffMax)
        try section.section("budget", short: "ratio") { part throws(ConfigurationError) in
            try part.double("ratio", in: 0...100, &budgetRatio)
            try part.double("reserve", in: 0...1_000_000, &budgetReserve)
            try part.double("reserve_per_second", in: 0...1_000_000, &reservePerSecond)
            try part.double("max", in: 0...1_000_000, &budgetMax)
        }
    }
}

extension PassiveHealthConfiguration {
    fileprivate mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.int("max_fails", or: ["allowed_fails"], in: 0...1_000_000, &maxFails)
        try section.duration("fail_timeout", or: ["cooldown_time"], &failTimeout)
        try section.duration("max_ejection_time", &maxEjectionTime)
    }
}

extension ActiveHealthConfiguration {
    /// Part of the section `health`, whose other part is the driver's.
    mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.int("fall", in: 1...1000, &fall)
        try section.int("rise", in: 1...1000, &rise)
        try section.duration("validity", &validity)
    }
}

extension PrefixAffinityConfiguration {
    fileprivate mutating func take(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.int("table_bytes", in: 4096...(1 << 34), &tableBytes)
        try section.int("tokens_per_request", in: 0...1_000_000, &tokensPerRequest)
        try section.double("max_load_factor", in: 1...1000, &maxLoadFactor)
    }
}

extension PolicyKind {
    /// The names that nginx, the LLM routers and LiteLLM have for the policies.
    private static let otherNames = [
        "leastconn": "least_conn", "leastconnections": "least_conn", "leastbusy": "least_conn",
        "roundrobin": "round_robin", "rr": "round_robin", "wrr": "round_robin",
        "p2c": "ewma", "poweroftwo": "ewma", "latencybasedrouting": "ewma",
        "simpleshuffle": "random", "prefixaffinity": "prefix", "prefixaware": "prefix",
        "cacheaware": "prefix",
    ]

    init?(spelled name: String) {
        let normalized = KeyName.normalized(name)
        self.init(rawValue: Self.otherNames[normalized] ?? normalized)
    }
}
