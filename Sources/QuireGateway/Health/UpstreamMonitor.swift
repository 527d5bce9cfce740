package import NIOCore
package import QuireHTTP

/// Asks every instance how it is, what it has to do and which models it serves, and passes the
/// answers on.
///
/// Confined to one event loop; `watch`, `hurry` and `stop` come from any thread. When a probe is
/// sent is decided by ``UpstreamWatch``; here are only connections and one timer. A connection is
/// kept between probes if the server lets it. Cost: a thousand instances are some 400 probes a
/// second, and one pass over all instances per timer, of which there are at most a thousand a
/// second.
package final class UpstreamMonitor: @unchecked Sendable {
    // Sendable by confinement: public entry points hop to `eventLoop`, all else checks it.

    /// Where the answers go.
    ///
    /// Called on the monitor's loop, so none may block.
    package struct Sinks: Sendable {
        /// Tells the fleet; the last value is when, in nanoseconds.
        package var report: @Sendable (UpstreamID, HealthReport, UInt64) -> Void
        /// Takes a metrics body as it came, for the aggregation; `nil`: it could not be had.
        package var scraped: @Sendable (UpstreamID, [UInt8]?, UInt64) -> Void
        /// Takes the cards of the models an instance lists, for the gateway's own list.
        package var discovered: @Sendable (UpstreamID, [DiscoveredModel]) -> Void
        /// Reads a metrics body.
        package var parseLoad: @Sendable ([UInt8]) -> ScrapedLoad?
        /// The connections to an instance; `nil` if it cannot be asked (it is not watched then).
        package var connections: @Sendable (UpstreamEndpoint, any EventLoop) -> ServerConnections?

        package init(
            report: @escaping @Sendable (UpstreamID, HealthReport, UInt64) -> Void,
            scraped: @escaping @Sendable (UpstreamID, [UInt8]?, UInt64) -> Void = { _, _, _ in },
            discovered: @escaping @Sendable (UpstreamID, [DiscoveredModel]) -> Void = { _, _ in },
            parseLoad: @escaping @Sendable ([UInt8]) -> ScrapedLoad?,
            connections:
                @escaping @Sendable (UpstreamEndpoint, any EventLoop) -> ServerConnections? =
                UpstreamMonitor.plainConnections
        ) {
            self.report = report
            self.scraped = scraped
            self.discovered = discovered
            self.parseLoad = parseLoad
            self.connections = connections
        }
    }

    private struct Watched {
        var target: MonitoredUpstream
        var watch: UpstreamWatch
        let connections: ServerConnections
        var running: [Probe: ProbeRequest] = [:]
    }

    package let eventLoop: any EventLoop
    private let configuration: MonitorConfiguration
    private let sinks: Sinks
    private var generator: SplitMix64
    private var watched: [UpstreamID: Watched] = [:]
    private var timer: Scheduled<Void>?
    private var isStopped = false
    /// Whether `run` comes at the end of this turn of the loop.
    private var isScheduled = false

    /// Watches nobody yet.
    package init(
        _ configuration: MonitorConfiguration = MonitorConfiguration(),
        eventLoop: any EventLoop,
        seed: UInt64,
        sinks: Sinks
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.sinks = sinks
        generator = SplitMix64(seed: seed)
    }

    /// Connections without TLS, closed before servers close them.
    package static func plainConnections(
        _ endpoint: UpstreamEndpoint,
        _ eventLoop: any EventLoop
    ) -> ServerConnections? {
        guard !endpoint.usesTLS else { return nil }
        var limits = ServerConnections.Limits()
        limits.connectTimeout = .seconds(3)
        limits.idleTimeout = .seconds(4)
        limits.maxFree = Probe.allCases.count
        return ServerConnections(
            address: ServerAddress(
                host: endpoint.host,
                port: endpoint.port,
                prefix: endpoint.prefix
            ),
            eventLoop: eventLoop,
            limits: limits
        )
    }

    // MARK: From any thread

    /// Watches these and no others; who was watched before goes on where it stood.
    package func watch(_ targets: [MonitoredUpstream]) {
        eventLoop.execute { self.set(targets) }
    }

    /// Checks and scrapes an instance at once, because a request to it came to nothing.
    package func hurry(_ id: UpstreamID) {
        eventLoop.execute {
            self.watched[id]?.watch.hurry(now: Self.now)
            self.run()
        }
    }

    /// Ends everything that is under way; nothing is reported after the future's completion.
    package func stop() -> EventLoopFuture<Void> {
        eventLoop.submit {
            self.isStopped = true
            self.set([])
            self.timer?.cancel()
            self.timer = nil
        }
    }

    // MARK: On the loop

    private static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    private func set(_ targets: [MonitoredUpstream]) {
        eventLoop.preconditionInEventLoop()
        let wanted = isStopped ? [] : targets
        var kept: [UpstreamID: Watched] = [:]
        for target in wanted {
            if let known = watched[target.id], known.target == target {
                kept[target.id] = known
            } else if kept[target.id] == nil,
                let connections = sinks.connections(target.endpoint, eventLoop)
            {
                kept[target.id] = Watched(
                    target: target,
                    watch: UpstreamWatch(configuration, seed: generator.next(), now: Self.now),
                    connections: connections
                )
            }
        }
        for (id, old) in watched where kept[id]?.connections !== old.connections {
            for probe in old.running.values { probe.abandon() }
            old.connections.closeFree()
        }
        watched = kept
        run()
    }

    /// Sends what is due and sets the timer for what is next.
    private func run() {
        guard !isStopped else { return }
        let now = Self.now
        var next = UInt64.max
        for id in Array(watched.keys) {
            while let probe = watched[id]?.watch.takeDue(now: now) { send(probe, to: id) }
            next = min(next, watched[id]?.watch.nextDue ?? .max)
        }
        timer?.cancel()
        timer = nil
        guard next != .max else { return }
        // In whole milliseconds, so that what is due at nearly the same time is sent together.
        let delay = Int64(clamping: (max(next, now) - now) / 1_000_000 + 1)
        timer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(delay)) { self.run() }
    }

    private func send(_ probe: Probe, to id: UpstreamID) {
        guard let target = watched[id] else { return }
        let (path, time) =
            switch probe {
            case .health: (configuration.healthPath, configuration.healthTimeout)
            case .metrics: (configuration.metricsPath, configuration.scrapeTimeout)
            case .models: (configuration.modelsPath, configuration.modelsTimeout)
            }
        let request = ProbeRequest.get(
            target.target,
            path: path,
            on: target.connections,
            within: time,
            bytesMax: configuration.bodyBytesMax
        ) { answer in self.finish(probe, of: id, target.connections, answer) }
        if request.isUnderWay { watched[id]?.running[probe] = request }
    }

    private func finish(
        _ probe: Probe,
        of id: UpstreamID,
        _ connections: ServerConnections,
        _ answer: ProbeRequest.Answer
    ) {
        guard watched[id]?.connections === connections else { return }
        watched[id]?.running[probe] = nil
        let now = Self.now
        let result = read(probe, of: id, answer, now: now)
        let reports = watched[id]?.watch.finish(probe, result, now: now) ?? []
        for report in reports { sinks.report(id, report, now) }
        schedule()
    }

    private func read(
        _ probe: Probe,
        of id: UpstreamID,
        _ answer: ProbeRequest.Answer,
        now: UInt64
    ) -> ProbeResult {
        let isGood = answer?.status == 200
        if probe == .metrics { sinks.scraped(id, isGood ? answer?.body : nil, now) }
        guard let (status, body) = answer else { return .failed }
        switch probe {
        case .health: return .health(status: status)
        // A failing instance is out of reach; a missing path is an instance without metrics.
        case .metrics, .models:
            guard isGood || status < 500 else { return .failed }
            if probe == .metrics { return .metrics(isGood ? sinks.parseLoad(body) : nil) }
            guard isGood,
                let models = DiscoveredModel.readList(body, countMax: configuration.modelCountMax)
            else { return .models(nil) }
            sinks.discovered(id, models)
            return .models(models.map(\.id))
        }
    }

    /// Runs once more, after all answers of this turn of the loop.
    private func schedule() {
        guard !isStopped, !isScheduled else { return }
        isScheduled = true
        eventLoop.assumeIsolated().execute {
            self.isScheduled = false
            self.run()
        }
    }
}
