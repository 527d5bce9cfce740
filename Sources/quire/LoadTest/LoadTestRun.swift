import ArgumentParser
import NIOCore
import NIOPosix
import QuireClient
import QuireHTTP
import QuireJSON

/// Carries out `quire bench serve`: a run per concurrency, a report each, then files.
struct LoadTestRun {
    private let flags: BenchServe
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let date = LocalTime.now()

    init(_ flags: BenchServe) { self.flags = flags }

    func run() throws {
        let headers = try flags.server.headers()
        let connections = ServerConnections(address: flags.address, eventLoop: group.next())
        if flags.readyCheckTimeoutSec > 0 {
            try ServerProbe.waitUntilReady(
                connections,
                headers: headers,
                seconds: flags.readyCheckTimeoutSec
            )
        }
        let model =
            try flags.server.model
            ?? WholeResponse.firstModel(headers: headers, on: connections).wait()
        let target = GenerationTarget(
            address: flags.address,
            path: flags.path,
            model: model,
            headers: headers,
            extraBody: try flags.load.bodyMembers()
        )
        try warmUp(target)
        var reports: [LoadReport] = []
        for (index, concurrency) in flags.concurrencies.enumerated() {
            // Another seed each time: a prompt that was seen before is partly in the cache.
            let seed = flags.load.seed &+ UInt64(index) &* 1_000_003
            let report = try measure(target, concurrency: concurrency, seed: seed)
            reports.append(report)
            try save(report, model: model)
        }
        if reports.count > 1 { print(Self.summary(reports)) }
        if let path = flags.plot { try plot(reports, model: model, path: path) }
        if reports.allSatisfy({ $0.completed == 0 }) { throw ExitCode.failure }
    }

    private func warmUp(_ target: GenerationTarget) throws {
        guard flags.numWarmups > 0 else { return }
        let requests = try flags.load.requests(
            count: flags.numWarmups,
            isChat: target.isChat,
            seed: ~flags.load.seed
        )
        _ = try LoadGenerator(
            target: target,
            requests: requests,
            arrivals: [Double](repeating: 0, count: requests.count),
            limits: flags.loadLimits(concurrency: flags.concurrencies.last ?? nil),
            eventLoop: group.next()
        ).run().wait()
    }

    private func measure(
        _ target: GenerationTarget,
        concurrency: Int?,
        seed: UInt64
    ) throws -> LoadReport {
        let requests = try flags.load.requests(
            count: flags.numPrompts,
            isChat: target.isChat,
            seed: seed
        )
        var generator = SeededGenerator(seed: seed ^ 0x5DEE_CE66)
        let arrivals = ArrivalTimes.make(
            count: requests.count,
            rate: flags.requestRate,
            burstiness: flags.burstiness,
            using: &generator
        )
        let run = try LoadGenerator(
            target: target,
            requests: requests,
            arrivals: arrivals,
            limits: flags.loadLimits(concurrency: concurrency),
            eventLoop: group.next()
        ).run(onProgress: flags.disableTqdm ? nil : ProgressBar.draw).wait()
        let report = LoadReport(
            run,
            concurrency: concurrency,
            goodput: flags.goodput.isEmpty ? nil : Goodput(parsing: flags.goodput)
        )
        for failure in report.failures.prefix(10) {
            Log.line("\(failure.count) × \(failure.message)")
        }
        print(
            report.text(
                metrics: try flags.metrics(),
                percentiles: try flags.percentiles(),
                requestRate: flags.requestRate
            )
        )
        return report
    }

    // MARK: - Files

    private func save(_ report: LoadReport, model: String) throws {
        guard flags.saveResult else { return }
        let description = LoadDescription(
            date: date,
            backend: flags.backend.rawValue,
            label: flags.label,
            model: model,
            promptCount: flags.numPrompts,
            requestRate: flags.requestRate,
            burstiness: flags.burstiness,
            metadata: try pairs(flags.metadata, "--metadata")
        )
        let json = report.json(
            description,
            metrics: try flags.metrics(),
            percentiles: try flags.percentiles(),
            isDetailed: flags.saveDetailed
        )
        let path = try OutputFile.path(folder: flags.resultDir, name: fileName(report, model))
        try OutputFile.write(json.text, to: path)
        Log.line("wrote \(path)")
    }

    /// vLLM's name for the file, or the one given; with several runs each says its concurrency.
    private func fileName(_ report: LoadReport, _ model: String) -> String {
        let bound = report.concurrency.map { "-concurrency\($0)" } ?? ""
        if let name = flags.resultFilename {
            guard flags.concurrencies.count > 1 else { return name }
            let stem = name.hasSuffix(".json") ? String(name.dropLast(5)) : name
            return "\(stem)\(bound).json"
        }
        let label = flags.label ?? flags.backend.rawValue
        let base = model.split(separator: "/").last.map(String.init) ?? model
        return "\(label)-\(flags.requestRate)qps\(bound)-\(base)-\(date).json"
    }

    private func plot(_ reports: [LoadReport], model: String, path: String) throws {
        let points = reports.filter { $0.completed > 0 }.map { report in
            let latency = report.statistics(.e2el)
            return LatencyPlot.Point(
                concurrency: report.concurrency,
                throughput: report.outputThroughput,
                median: latency.median,
                p99: latency.percentile(99)
            )
        }
        let plot = LatencyPlot(
            title: "\(model) at \(flags.address)",
            latencyName: "end-to-end latency",
            points: points
        )
        try OutputFile.write(plot.svg, to: path)
        Log.line("wrote \(path)")
    }

    /// A line per concurrency.
    private static func summary(_ reports: [LoadReport]) -> String {
        var table = BenchTable(columns: [
            "clients", "req/s", "output tok/s", "TTFT P50 ms", "P99", "TPOT P50 ms", "P99",
            "E2EL P50 ms", "P99", "failed",
        ])
        for report in reports {
            let latencies = [LatencyMetric.ttft, .tpot, .e2el].flatMap { metric in
                let statistics = report.statistics(metric)
                return [statistics.median.decimal(2), statistics.percentile(99).decimal(2)]
            }
            table.add(
                [
                    report.concurrency.map(String.init) ?? "–",
                    report.requestThroughput.decimal(2),
                    report.outputThroughput.decimal(2),
                ] + latencies + ["\(report.failed)"]
            )
        }
        return table.text
    }
}
