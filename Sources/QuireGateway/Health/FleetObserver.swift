package import NIOCore
import QuireHTTP
import QuireTelemetry
import Synchronization

/// Keeps the gateway's picture of its upstreams fresh while it serves: checks, scrapes, model lists.
///
/// Sendable; its monitor lives on one loop. `follow` is called again when the configuration changes.
package final class FleetObserver: Sendable {
    private let core: GatewayCore
    private let monitor: UpstreamMonitor
    private let resolution: NameResolution
    private let eventLoop: any EventLoop

    package init(_ core: GatewayCore, eventLoop: any EventLoop) {
        self.core = core
        self.eventLoop = eventLoop
        monitor = UpstreamMonitor(
            core.configuration.withLock { MonitorConfiguration($0) },
            eventLoop: eventLoop,
            seed: .random(in: .min ... .max),
            sinks: UpstreamMonitor.Sinks(
                report: { id, report, _ in
                    core.grant { fleet, now in fleet.report(id, report, now: now) }
                },
                scraped: { id, body, now in core.takeScrape(of: id, body, now: now) },
                discovered: { id, models in core.takeModels(of: id, models) },
                parseLoad: { bytes in
                    EngineLoad(Exposition(parsing: bytes)).map { ScrapedLoad($0) }
                }
            )
        )
        resolution = NameResolution(eventLoop: eventLoop) { addresses in
            core.setAddresses(addresses)
        }
    }

    /// Begins to watch.
    package func start() {
        core.onChange { [weak self] in self?.follow() }
        core.onSuspicion { [monitor] in monitor.hurry($0) }
        follow()
        eventLoop.execute { self.tick() }
    }

    private func follow() {
        let upstreams = core.configuration.withLock { $0.fleet.upstreams }
        resolution.watch(upstreams.map(\.endpoint.host))
        let targets = core.withFleet { fleet, now in
            fleet.status(now: now).filter { !$0.isRetired }.map { status in
                MonitoredUpstream(
                    id: status.id,
                    endpoint: status.endpoint,
                    apiKey: fleet.configuration(of: status.id)?.apiKey
                )
            }
        }
        monitor.watch(targets)
    }

    /// Slots also come by time alone: a breaker's wait is over, an instance is brought up.
    private func tick() {
        core.grant { fleet, now in fleet.tick(now: now) }
        eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in self?.tick() }
    }

    /// Stops watching.
    package func stop() -> EventLoopFuture<Void> {
        core.onChange {}
        core.onSuspicion { _ in }
        return monitor.stop().flatMap { self.resolution.stop() }
    }
}

extension MonitorConfiguration {
    /// As the gateway was told; an interval of 0 is one that never comes.
    init(_ configuration: GatewayConfiguration) {
        self.init()
        func interval(_ duration: Duration) -> Duration {
            duration > .zero ? duration : .seconds(86400 * 365)
        }
        checksHealth = configuration.health.interval > .zero
        scrapes = configuration.scrape.interval > .zero
        healthPath = configuration.health.path
        healthInterval = interval(configuration.health.interval)
        downInterval = min(healthInterval, .seconds(1))
        healthTimeout = configuration.health.timeout
        metricsPath = configuration.scrape.path
        scrapeInterval = interval(configuration.scrape.interval)
        busyScrapeInterval = min(scrapeInterval, busyScrapeInterval)
        scrapeTimeout = configuration.scrape.timeout
        progress.standstill = interval(configuration.health.stallTimeout)
    }
}

extension ScrapedLoad {
    init(_ load: EngineLoad) {
        let tokens: Double? =
            load.promptTokens == nil && load.generatedTokens == nil
            ? nil : (load.promptTokens ?? 0) + (load.generatedTokens ?? 0)
        self.init(
            load: UpstreamLoad(
                running: load.running,
                waiting: load.waiting,
                kvUsage: load.kvCacheUsage ?? 0
            ),
            tokens: tokens
        )
    }
}
