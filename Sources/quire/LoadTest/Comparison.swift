import ArgumentParser
import NIOCore
import NIOPosix
import QuireClient
import QuireHTTP

/// Carries out `quire bench compare`: pairs of runs with equal requests, then one table.
struct Comparison {
    private let flags: BenchCompare
    private let eventLoop: any EventLoop

    init(_ flags: BenchCompare) {
        self.flags = flags
        eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    }

    func run() throws {
        let targets = [
            try target(flags.first, model: flags.server.model),
            try target(flags.second, model: flags.modelB ?? flags.server.model),
        ]
        // The first answers of a fresh server pay for its warming up.
        for target in targets { _ = try measure(target, concurrency: 1, count: 4, seed: .max) }
        var table = BenchTable(columns: [
            "clients", "", "req/s", "output tok/s", "TTFT P50 ms", "P99", "TPOT P50 ms", "P99",
            "E2EL P50 ms", "P99", "success",
        ])
        var hasAnswers = true
        for concurrency in flags.maxConcurrency.counts {
            let reports = try alternate(targets, concurrency: concurrency)
            hasAnswers = hasAnswers && reports.allSatisfy { $0.completed > 0 }
            let figures = reports.map(Self.figures)
            for (name, index) in [("A", 0), ("B", 1)] {
                let report = reports[index]
                table.add(
                    [index == 0 ? "\(concurrency)" : "", name]
                        + figures[index].map { $0.decimal(2) }
                        + ["\(report.completed)/\(report.completed + report.failed)"]
                )
            }
            let ratios = zip(figures[0], figures[1]).map { $0 > 0 ? ($1 / $0).decimal(2) : "–" }
            table.add(["", "B/A"] + ratios + [""])
            for (name, report) in zip(["A", "B"], reports) {
                for failure in report.failures.prefix(3) {
                    Log.line("\(name): \(failure.count) × \(failure.message)")
                }
            }
        }
        print("A: \(targets[0].model) at \(flags.first)\nB: \(targets[1].model) at \(flags.second)")
        print(
            "\(flags.rounds) runs of each per row, in alternation, with requests of the same kind\n"
        )
        print(table.text)
        if !hasAnswers { throw ExitCode.failure }
    }

    /// The figures of a row, from requests per second to the P99 of whole answers.
    private static func figures(_ report: LoadReport) -> [Double] {
        [report.requestThroughput, report.outputThroughput]
            + [LatencyMetric.ttft, .tpot, .e2el].flatMap { metric in
                let statistics = report.statistics(metric)
                return [statistics.median, statistics.percentile(99)]
            }
    }

    private func target(_ address: ServerAddress, model: String?) throws -> GenerationTarget {
        let headers = try flags.server.headers()
        let connections = ServerConnections(address: address, eventLoop: eventLoop)
        return GenerationTarget(
            address: address,
            path: flags.server.endpoint ?? "/v1/completions",
            model: try model
                ?? WholeResponse.firstModel(headers: headers, on: connections).wait(),
            headers: headers,
            extraBody: try flags.load.bodyMembers()
        )
    }

    /// The runs of both, put together per server.
    private func alternate(
        _ targets: [GenerationTarget],
        concurrency: Int
    ) throws -> [LoadReport] {
        let count = flags.numPrompts ?? max(16, concurrency * 4)
        var runs: [[LoadGenerator.Run]] = [[], []]
        for round in 0..<flags.rounds {
            for index in round % 2 == 0 ? [0, 1] : [1, 0] {
                // Prompts alike in length and never seen before. Not the same for both: where one
                // server stands behind the other, the second would find them in its cache.
                let run = UInt64(2 * round + index)
                let seed = flags.load.seed &+ run &* 1009 &+ UInt64(concurrency) &* 1_000_003
                runs[index].append(
                    try measure(targets[index], concurrency: concurrency, count: count, seed: seed)
                )
            }
        }
        return runs.map { LoadReport(.joined($0), concurrency: concurrency) }
    }

    private func measure(
        _ target: GenerationTarget,
        concurrency: Int,
        count: Int,
        seed: UInt64
    ) throws -> LoadGenerator.Run {
        let requests = try flags.load.requests(count: count, isChat: target.isChat, seed: seed)
        return try LoadGenerator(
            target: target,
            requests: requests,
            arrivals: [Double](repeating: 0, count: count),
            limits: flags.loadLimits(concurrency: concurrency),
            eventLoop: eventLoop
        ).run(onProgress: flags.disableTqdm ? nil : ProgressBar.draw).wait()
    }
}
