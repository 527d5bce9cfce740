package import QuireTelemetry
import Synchronization

/// The gateway's own series, as handles.
///
/// Made once, before the registry is shared. What counts holds a handle: an upstream's
/// (`UpstreamMetrics`, made when the upstream is configured), a model's (`ModelMetrics`, made when
/// the model is first named) and, per request, that of both together (`RouteMetrics`, found without
/// a lock). A request then costs about ten atomic additions, a chunk one. Any thread.
package final class GatewayMetrics: Sendable {
    /// Requests whose client has not had its whole answer.
    package let requestsInFlight: Gauge
    package let queueLength: Gauge
    package let queueWaitSeconds: Histogram
    package let fallbackAnswers: Counter
    package let resumedStreams: Counter
    package let unresumedStreams: Counter
    let reloadsOK: Counter
    let reloadsFailed: Counter
    let reloadSucceeded: Gauge
    let lastReloadErrorSeconds: Gauge
    let fleetRunning: Gauge
    let fleetWaiting: Gauge
    let fleetCacheUsage: Gauge
    private let retries: [Counter]

    let families: GatewayFamilies
    private let modelsMax: Int
    private let models = Mutex<[String: ModelMetrics]>([:])
    private let upstreams = Mutex<[String: UpstreamMetrics]>([:])
    /// Where models are counted whose names are beyond the bound, or were not given.
    package let otherModel: ModelMetrics
    /// Stands for the upstream of requests that were answered without one.
    package let noUpstream: UpstreamMetrics

    /// Makes the series.
    ///
    /// So many model names get series of their own: names come from clients, and a client may make
    /// them up.
    package init(_ registry: inout MetricsRegistry, modelsMax: Int = 64) {
        self.modelsMax = modelsMax
        requestsInFlight = registry.makeGauge(
            "quire_gateway_requests_in_flight",
            help: "Requests whose answer has not ended."
        )
        queueLength = registry.makeGauge(
            "quire_gateway_queue_length",
            help: "Requests waiting for a free place at an upstream."
        )
        queueWaitSeconds = registry.makeHistogram(
            "quire_gateway_queue_wait_seconds",
            help: "Time that requests waited for a place at an upstream.",
            bounds: GatewayFamilies.waitBounds
        )
        fallbackAnswers = registry.makeCounter(
            "quire_gateway_fallback_answers_total",
            help: "Requests answered by the configured fallback."
        )
        func resumed(_ outcome: String) -> Counter {
            registry.makeCounter(
                "quire_gateway_resumed_streams_total",
                help: "Streams cut by their upstream, by whether another one carried on.",
                labels: [("outcome", outcome)]
            )
        }
        resumedStreams = resumed("resumed")
        unresumedStreams = resumed("ended_with_error")
        retries = RetryReason.allCases.map {
            registry.makeCounter(
                "quire_gateway_retries_total",
                help: "Attempts after a request's first, by what the one before came to.",
                labels: [("reason", $0.rawValue)]
            )
        }
        func reloads(_ result: String) -> Counter {
            registry.makeCounter(
                "quire_gateway_config_reloads_total",
                help: "Configurations read while running, by whether they were taken.",
                labels: [("result", result)]
            )
        }
        reloadsOK = reloads("ok")
        reloadsFailed = reloads("failed")
        reloadSucceeded = registry.makeGauge(
            "quire_gateway_config_last_reload_successful",
            help: "1 if the configuration that was read last is the one that runs."
        )
        reloadSucceeded.set(1)
        lastReloadErrorSeconds = registry.makeGauge(
            "quire_gateway_config_last_error_timestamp_seconds",
            help: "When a configuration was refused last, in Unix time; 0 if never."
        )
        fleetRunning = registry.makeGauge(
            "vllm_requests_running",
            help: "Requests that the fleet's engines run, as last scraped."
        )
        fleetWaiting = registry.makeGauge(
            "vllm_requests_waiting",
            help: "Requests that wait in the fleet's engines, as last scraped."
        )
        fleetCacheUsage = registry.makeGauge(
            "vllm_gpu_cache_usage",
            help: "KV-cache usage over the fleet, average, 0 to 1, as last scraped."
        )
        families = GatewayFamilies(&registry)
        otherModel = ModelMetrics("other", families)
        noUpstream = UpstreamMetrics(nil, families)
    }

    // MARK: Handles

    /// The handles of an upstream; for the same name the same ones, so that counts outlive a
    /// reload.
    ///
    /// Asked for when a configuration is loaded: a lock and a look-up.
    package func upstream(_ name: String) -> UpstreamMetrics {
        upstreams.withLock { upstreams in
            if let known = upstreams[name] { return known }
            let made = UpstreamMetrics(name, families)
            upstreams[name] = made
            return made
        }
    }

    /// Takes away the series of every upstream but these: what a reload left out.
    ///
    /// Requests that still run at one count on, unseen.
    package func keepUpstreams(_ names: Set<String>) {
        let gone = upstreams.withLock { upstreams in
            let gone = upstreams.keys.filter { !names.contains($0) }
            for name in gone { upstreams[name] = nil }
            return gone
        }
        for name in gone { families.removeUpstream(name) }
    }

    /// The handles of a model by the name that requests use.
    ///
    /// Asked for when models are configured or discovered; once per request is affordable (a lock
    /// and a look-up).
    package func model(_ name: String?) -> ModelMetrics {
        guard let name, !name.isEmpty else { return otherModel }
        return models.withLock { models in
            if let known = models[name] { return known }
            guard models.count < modelsMax else { return otherModel }
            let made = ModelMetrics(name, families)
            models[name] = made
            return made
        }
    }

    // MARK: Life of a request

    /// A request was read.
    package func arrived() { requestsInFlight.add(1) }

    /// Its answer has ended; `upstream` is where it came from.
    package func ended(_ route: RouteMetrics, _ request: RequestSummary) {
        requestsInFlight.add(-1)
        route.countRequest(status: request.status)
        route.promptTokens.increment(by: request.promptTokens)
        route.completionTokens.increment(by: request.completionTokens)
        route.model.durationSeconds.observe(request.durationSeconds)
    }

    /// An attempt at an upstream begins.
    package func began(upstream: UpstreamMetrics) {
        upstream.attempts.increment()
        upstream.inFlight.add(1)
    }

    /// The upstream's first byte, after so long.
    package func firstByte(upstream: UpstreamMetrics, afterSeconds seconds: Double) {
        upstream.firstByteSeconds.observe(seconds)
    }

    /// An attempt has ended, well or not.
    package func ended(upstream: UpstreamMetrics, failure: AttemptFailure?) {
        upstream.inFlight.add(-1)
        if let failure { upstream.failures[failure.index].increment() }
    }

    package func retried(_ reason: RetryReason) { retries[reason.index].increment() }

    package func waited(seconds: Double) { queueWaitSeconds.observe(seconds) }

    // MARK: Slow-moving state

    package func reloaded() {
        reloadsOK.increment()
        reloadSucceeded.set(1)
    }

    package func reloadFailed(atUnixSeconds seconds: Double) {
        reloadsFailed.increment()
        reloadSucceeded.set(0)
        lastReloadErrorSeconds.set(seconds)
    }

    /// Sets the gauges over the fleet from what its live instances said last.
    package func setFleet(_ loads: [EngineLoad]) {
        fleetRunning.set(Double(loads.reduce(0) { $0 + $1.running }))
        fleetWaiting.set(Double(loads.reduce(0) { $0 + $1.waiting }))
        let usages = loads.compactMap(\.kvCacheUsage)
        fleetCacheUsage.set(usages.isEmpty ? 0 : usages.reduce(0, +) / Double(usages.count))
    }
}

/// What a request came to.
package struct RequestSummary: Sendable {
    /// As the client saw it; 499 if it left before there was one.
    package var status: Int
    package var durationSeconds: Double
    package var promptTokens: Int
    package var completionTokens: Int

    package init(
        status: Int,
        durationSeconds: Double,
        promptTokens: Int = 0,
        completionTokens: Int = 0
    ) {
        self.status = status
        self.durationSeconds = durationSeconds
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
    }
}
