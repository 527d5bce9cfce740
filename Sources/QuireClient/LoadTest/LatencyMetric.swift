/// The latencies that a report may show, named as vLLM's flags and keys name them.
package enum LatencyMetric: String, Sendable, CaseIterable {
    case ttft
    case tpot
    case itl
    case e2el
    case clientQueueTime = "client_queue_time"
    case e2elIncludingClientQueue = "e2el_including_client_queue"

    /// What stands before the colon in a report.
    var label: String {
        switch self {
        case .ttft: "TTFT"
        case .tpot: "TPOT"
        case .itl: "ITL"
        case .e2el: "E2EL"
        case .clientQueueTime: "Client Queue Time"
        case .e2elIncludingClientQueue: "E2EL incl. Client Queue"
        }
    }

    /// The title of its section.
    var title: String {
        switch self {
        case .ttft: "Time to First Token"
        case .tpot: "Time per Output Token (excl. 1st token)"
        case .itl: "Inter-token Latency"
        case .e2el: "End-to-end Latency"
        case .clientQueueTime: "Client-side Queueing"
        case .e2elIncludingClientQueue: "Queue-inclusive End-to-end Latency"
        }
    }

    /// The measurements, in seconds, of requests that were answered.
    func values(_ outcomes: [RequestOutcome]) -> [Double] {
        switch self {
        case .ttft: outcomes.map(\.timeToFirstToken)
        case .tpot: outcomes.compactMap(\.timePerOutputToken)
        case .itl: outcomes.flatMap(\.interTokenLatencies)
        case .e2el: outcomes.map(\.latency)
        case .clientQueueTime: outcomes.map(\.queueTime)
        case .e2elIncludingClientQueue: outcomes.map { $0.latency + $0.queueTime }
        }
    }
}

/// The objectives that a request must meet to count as good; in seconds, nil where there is none.
package struct Goodput: Sendable, Hashable {
    package var ttft: Double?
    package var tpot: Double?
    package var e2el: Double?

    package init(ttft: Double? = nil, tpot: Double? = nil, e2el: Double? = nil) {
        self.ttft = ttft
        self.tpot = tpot
        self.e2el = e2el
    }

    /// Reads `ttft:200 tpot:30 e2el:2000`, in milliseconds; nil with a part that is none of these.
    package init?(parsing parts: [String]) {
        for part in parts {
            let halves = part.split(separator: ":", omittingEmptySubsequences: false)
            guard halves.count == 2, let milliseconds = Double(halves[1]), milliseconds >= 0 else {
                return nil
            }
            switch halves[0] {
            case "ttft": ttft = milliseconds / 1000
            case "tpot": tpot = milliseconds / 1000
            case "e2el": e2el = milliseconds / 1000
            default: return nil
            }
        }
    }

    /// Whether a request that was answered meets all of them.
    func isMet(by outcome: RequestOutcome) -> Bool {
        outcome.timeToFirstToken <= ttft ?? .infinity
            && outcome.timePerOutputToken ?? 0 <= tpot ?? .infinity
            && outcome.latency <= e2el ?? .infinity
    }
}
