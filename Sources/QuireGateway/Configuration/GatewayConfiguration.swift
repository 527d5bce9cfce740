import NIOCore

/// Everything that can be set of a gateway: plain values with defaults.
package struct GatewayConfiguration: Sendable, Hashable {
    /// Where clients come to; a reload does not move it.
    package var host = "0.0.0.0"
    package var port = 8080
    /// Keys of clients, one of which a request must bring; empty: anybody may come.
    package var apiKeys: [String] = []
    /// How long running requests go on after SIGTERM.
    package var shutdownTimeout = Duration.seconds(30)
    package var fleet: FleetConfiguration
    package var limits = TimeLimits()
    /// Whether streams that their upstream cuts are continued on another one that can.
    package var resumes = true
    package var keepalive = KeepaliveConfiguration()
    package var health = HealthCheckConfiguration()
    package var scrape = ScrapeConfiguration()
    package var fallback = FallbackConfiguration()
    package var admin = AdminConfiguration()

    package init(fleet: FleetConfiguration) {
        self.fleet = fleet
    }

    /// Attempts of one request, the first included.
    package var maxAttempts: Int {
        get { fleet.retry.maxAttempts }
        set { fleet.retry.maxAttempts = newValue }
    }
}

/// Connections to upstreams that are kept for the next request.
package struct KeepaliveConfiguration: Sendable, Hashable {
    /// nginx `keepalive`: idle connections per upstream and event loop.
    package var connections = 64
    /// nginx `keepalive_timeout` (60 s): below the 5 s after which Python's servers (uvicorn) close
    /// theirs, so that no request meets a closing connection.
    package var timeout = Duration.seconds(4)

    package init() {}
}

/// How upstreams are asked whether they are well.
package struct HealthCheckConfiguration: Sendable, Hashable {
    package var path = "/health"
    /// Between two checks of an upstream, with jitter; 0 switches them off.
    package var interval = Duration.seconds(5)
    package var timeout = Duration.seconds(2)
    /// An upstream that runs requests while its token counters stand still for so long is taken
    /// out, though it answers checks; 0 switches this off.
    package var stallTimeout = Duration.seconds(10)

    package init() {}
}

/// How upstreams' metrics are read.
package struct ScrapeConfiguration: Sendable, Hashable {
    package var path = "/metrics"
    /// 0 switches it off.
    package var interval = Duration.seconds(15)
    package var timeout = Duration.seconds(5)

    package init() {}
}

/// What a client is told when no upstream is left.
package struct FallbackConfiguration: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, CaseIterable {
        /// 503 with Retry-After.
        case error
        /// The text, as if a model had said it.
        case answer
    }

    package var mode = Mode.error
    package var language = FallbackAnswer.Language.english
    package var englishText = "The service is busy right now. Please try again in a moment."
    package var chineseText = "服务繁忙，请稍后再试。"

    package init() {}

    /// What stands in for an answer; nil where an error is to be said.
    package var answer: FallbackAnswer? {
        guard mode == .answer else { return nil }
        return FallbackAnswer(english: englishText, chinese: chineseText, standard: language)
    }
}

/// The operator's own listener.
package struct AdminConfiguration: Sendable, Hashable {
    package var host = "127.0.0.1"
    /// `nil`: there is no admin listener.
    package var port: Int?
    /// What its requests must bring as bearer token.
    package var token = ""

    package init() {}
}
