/// What the monitor asks of an instance.
package enum Probe: Int, CaseIterable, Hashable, Sendable {
    case health, metrics, models
}

/// What a probe came to.
package enum ProbeResult: Hashable, Sendable {
    /// The status of the answer to a health check.
    case health(status: Int)
    /// Metrics; `nil` if they could not be read or the instance has none.
    case metrics(ScrapedLoad?)
    /// The names of the models; `nil` if the list could not be read or there is none.
    case models([String]?)
    /// No answer in time, no connection, too long an answer.
    case failed
}
