/// How often instances are asked how they are, and how long they may take.
package struct MonitorConfiguration: Hashable, Sendable {
    package var checksHealth = true
    package var scrapes = true
    package var healthPath = "/health"
    package var healthInterval: Duration = .seconds(5)
    /// Between checks of an instance whose last one failed.
    package var downInterval: Duration = .seconds(1)
    package var healthTimeout: Duration = .seconds(3)

    package var metricsPath = "/metrics"
    package var scrapeInterval: Duration = .seconds(15)
    /// Between scrapes while requests run, so that a standstill is found in seconds.
    package var busyScrapeInterval: Duration = .seconds(3)
    /// Between scrapes while requests run and no token came.
    package var stillScrapeInterval: Duration = .seconds(2)
    /// Between scrapes of an instance that has no metrics that can be read.
    package var blindScrapeInterval: Duration = .seconds(60)
    package var scrapeTimeout: Duration = .seconds(5)

    package var modelsPath = "/v1/models"
    package var modelsInterval: Duration = .seconds(60)
    /// Until the list was read once.
    package var modelsRetryInterval: Duration = .seconds(5)
    package var modelsTimeout: Duration = .seconds(5)

    /// A longer answer is dropped and counts as none.
    package var bodyBytesMax = 8 << 20
    /// Models per instance that are taken notice of.
    package var modelCountMax = 4096
    /// Each interval is stretched or shortened by up to this share, so that thousands of checks
    /// spread.
    package var jitter = 0.1
    /// The first checks spread over this.
    package var startSpread: Duration = .milliseconds(100)
    package var progress = ProgressWatchConfiguration()

    package init() {}
}
