import ArgumentParser
import QuireJSON
import QuireKernels

/// `quire bench limits`: what this machine can do at the most, on one thread and on all.
///
/// Reading memory bounds decoding, multiply-adds bound prompts.
struct BenchLimits: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Measure the machine's read bandwidth and multiply-add peak."
    )

    @OptionGroup var options: BenchOptions

    struct Measurement {
        var threads: Int
        var readBytesPerSecond: Double
        /// f32; a multiply-add counts as two.
        var operationsPerSecond: Double

        var json: JSON {
            .object([
                "threads": .int(threads),
                "read_bytes_per_second": .double(readBytesPerSecond),
                "operations_per_second": .double(operationsPerSecond),
            ])
        }

        var summary: String {
            let read = BenchTable.number(readBytesPerSecond / 1e9)
            let peak = BenchTable.number(operationsPerSecond / 1e9)
            return "\(threads) threads: read \(read) GB/s, FMA peak \(peak) GFLOP/s"
        }
    }

    static func measure(threadCount: Int) -> Measurement {
        let limits = MachineLimits.measure(threadCounts: [threadCount])
        return Measurement(
            threads: threadCount,
            readBytesPerSecond: limits.rates.first?.readBytesPerSecond ?? 0,
            operationsPerSecond: limits.rates.first?.flopsPerSecond ?? 0
        )
    }

    func run() throws {
        let counts = options.threads == 1 ? [1] : [1, options.threads]
        let measurements = counts.map { Self.measure(threadCount: $0) }
        if options.json {
            print(BenchReport.text(.array(measurements.map(\.json))))
            return
        }
        var table = BenchTable(columns: ["threads", "read GB/s", "FMA GFLOP/s"])
        for measurement in measurements {
            table.add(
                [
                    "\(measurement.threads)",
                    BenchTable.number(measurement.readBytesPerSecond / 1e9),
                    BenchTable.number(measurement.operationsPerSecond / 1e9),
                ]
            )
        }
        print(table.text)
    }
}
