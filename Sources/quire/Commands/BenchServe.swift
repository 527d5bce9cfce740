import ArgumentParser
import Glibc
import NIOCore
import QuireClient
import QuireHTTP

/// `quire bench serve`: a load on a running server, and what it makes of it.
///
/// Flags, printed figures and the keys of the result file are those of `vllm bench serve`, so that
/// scripts made for it read both. Any OpenAI-compatible server can be measured.
struct BenchServe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Measure a running server under load, with vllm bench serve's flags and figures."
    )

    enum Backend: String, ExpressibleByArgument, CaseIterable {
        case openai
        case openaiChat = "openai-chat"
        case vllm
    }

    @Option(
        help: "The server, as http://host:port (default: from --host and --port).",
        transform: serverAddress
    )
    var baseUrl: ServerAddress?

    @Option(help: "Host of the server, without --base-url.")
    var host = "127.0.0.1"

    @Option(help: "Port of the server, without --base-url.")
    var port = 8000

    @OptionGroup var server: ServerFlags

    @Option(help: "openai or vllm (completions), openai-chat.")
    var backend = Backend.openai

    @OptionGroup var load: LoadFlags

    @Option(help: "Requests to send.")
    var numPrompts = 1000

    @Option(help: "Requests per second; inf sends all at once.")
    var requestRate = Double.infinity

    @Option(help: "1: Poisson arrivals; below: bursts; above: more even.")
    var burstiness = 1.0

    @Option(help: "Requests under way at one time; a list (1,8,32) measures each in turn.")
    var maxConcurrency: ConcurrencyList?

    @Option(help: "Requests sent before measuring.")
    var numWarmups = 0

    @Option(help: "Seconds to wait for the server to answer; 0 does not ask.")
    var readyCheckTimeoutSec = 0

    @Option(help: "Seconds that one request may take.")
    var requestTimeout = 600

    @Option(help: "Seconds after which a run is cut.")
    var maxDuration = 3600

    @Option(help: "Latencies to show: ttft, tpot, itl, e2el, client_queue_time, …")
    var percentileMetrics = "ttft,tpot,itl,e2el"

    @Option(help: "Percentiles to show, such as 50,90,99.9.")
    var metricPercentiles = "99"

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Objectives of a good request, in milliseconds: ttft:200 tpot:30 e2el:2000.",
            valueName: "name:ms"
        )
    )
    var goodput: [String] = []

    @Flag(help: "Write the figures to a JSON file.")
    var saveResult = false

    @Flag(help: "Write each request's lengths, times, text and error as well.")
    var saveDetailed = false

    @Option(help: "Folder of the result file (default: the current one).")
    var resultDir: String?

    @Option(help: "Name of the result file.")
    var resultFilename: String?

    @Option(help: "What the result file's name begins with (default: the backend).")
    var label: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Members to add to the result file.", valueName: "key=value")
    )
    var metadata: [String] = []

    @Option(help: "Draw latency against throughput into this SVG file.")
    var plot: String?

    @Flag(help: "Show no progress (nor is there any where standard error is no terminal).")
    var disableTqdm = false

    func validate() throws {
        guard (1...10_000_000).contains(numPrompts) else {
            throw ValidationError("--num-prompts must be in 1...10000000, got \(numPrompts)")
        }
        guard requestRate > 0 else {
            throw ValidationError("--request-rate must be above 0, got \(requestRate)")
        }
        guard burstiness > 0 else {
            throw ValidationError("--burstiness must be above 0, got \(burstiness)")
        }
        guard (1...86400).contains(requestTimeout), (1...604_800).contains(maxDuration),
            (0...86400).contains(readyCheckTimeoutSec), (0...100_000).contains(numWarmups),
            (1...65535).contains(port)
        else { throw ValidationError("a time, a port or --num-warmups is out of range") }
        guard Goodput(parsing: goodput) != nil else {
            throw ValidationError("--goodput takes ttft:MS, tpot:MS and e2el:MS")
        }
        _ = try metrics()
        _ = try percentiles()
        _ = try pairs(metadata, "--metadata")
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        do {
            try LoadTestRun(self).run()
        } catch let error as ExitCode {
            throw error
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    // MARK: - What flags mean

    var address: ServerAddress { baseUrl ?? ServerAddress(host: host, port: port) }

    var path: String {
        server.endpoint ?? (backend == .openaiChat ? "/v1/chat/completions" : "/v1/completions")
    }

    /// Nil stands for a run without a bound.
    var concurrencies: [Int?] { maxConcurrency?.counts.map { $0 } ?? [nil] }

    func metrics() throws -> [LatencyMetric] {
        try percentileMetrics.split(separator: ",").map { name in
            guard let metric = LatencyMetric(rawValue: String(name)) else {
                let names = LatencyMetric.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--percentile-metrics \(name): there are \(names)")
            }
            return metric
        }
    }

    func percentiles() throws -> [Double] {
        try metricPercentiles.split(separator: ",").map { text in
            guard let value = Double(text), (0...100).contains(value) else {
                throw ValidationError("--metric-percentiles \(text): expected 0 to 100")
            }
            return value
        }
    }

    func loadLimits(concurrency: Int?) -> LoadGenerator.Limits {
        var limits = LoadGenerator.Limits()
        limits.concurrency = concurrency
        limits.requestTime = .seconds(Int64(requestTimeout))
        limits.wholeTime = .seconds(Int64(maxDuration))
        limits.keepsTexts = saveResult && saveDetailed
        return limits
    }
}

/// `1,8,32`: how many clients, one run each.
struct ConcurrencyList: ExpressibleByArgument {
    let counts: [Int]

    init(_ counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        var counts: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let count = Int(part), (1...100_000).contains(count) else { return nil }
            counts.append(count)
        }
        guard !counts.isEmpty, counts.count <= 64 else { return nil }
        self.counts = counts
    }

    var defaultValueDescription: String { counts.map(String.init).joined(separator: ",") }
}
