import ArgumentParser
import QuireJSON
import QuireKernels

/// `quire bench engine MODEL`: tokens per second of prompts and of decoding, as parts of what the
/// machine's memory and arithmetic allow.
///
/// Decoding at batch 1 is bounded by reading every weight once per token; prompts and large batches
/// are bounded by multiply-adds. Operations are those of the matrix products that are done: of a
/// prompt only the last token goes through the output head.
struct BenchEngine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure prompt and decode speed of a model."
    )

    @Argument(help: "A model folder in the Hugging Face layout.")
    var model: String

    @Option(help: ArgumentHelp("What weights are kept as.", valueName: "type"))
    var dtype = WeightType.auto

    @Option(help: ArgumentHelp("Decode steps per batch size; a median is shown.", valueName: "n"))
    var `repeat` = 16

    @Option(help: ArgumentHelp("Times the prompt is computed.", valueName: "n"))
    var promptRepeat = 3

    @OptionGroup var options: BenchOptions

    private static let batchSizes = [1, 4, 8, 16, 32]
    private static let promptLength = 512

    /// One line of the table.
    struct Measurement {
        var name: String
        var tokensPerStep: Int
        var millisecondsPerStep: Double
        var tokensPerSecond: Double
        /// Part of the steps per second that reading the weights once each would allow.
        var ofReadBandwidth: Double
        /// Part of the multiply-add peak.
        var ofPeak: Double

        var json: JSON {
            .object([
                "name": .string(name),
                "tokens_per_step": .int(tokensPerStep),
                "milliseconds_per_step": .double(millisecondsPerStep),
                "tokens_per_second": .double(tokensPerSecond),
                "of_read_bandwidth": .double(ofReadBandwidth),
                "of_fma_peak": .double(ofPeak),
            ])
        }
    }

    struct Report {
        var model: String
        var architecture: String
        var weightType: String
        var weightBytes: Int
        var loadSeconds: Double
        var limits: BenchLimits.Measurement
        var measurements: [Measurement]

        var json: JSON {
            .object([
                "model": .string(model),
                "architecture": .string(architecture),
                "weight_type": .string(weightType),
                "weight_bytes": .int(weightBytes),
                "load_seconds": .double(loadSeconds),
                "limits": limits.json,
                "measurements": .array(measurements.map(\.json)),
            ])
        }
    }

    func validate() throws {
        guard (1...10_000).contains(`repeat`), (1...1000).contains(promptRepeat) else {
            throw ValidationError("--repeat takes 1 to 10000, --prompt-repeat 1 to 1000")
        }
    }

    func run() throws {
        let report = try measure()
        print(options.json ? BenchReport.text(report.json) : table(report))
    }

    private func measure() throws -> Report {
        let slots = Self.batchSizes.max() ?? 1
        let steps = Self.batchSizes.count * (`repeat` + 1)
        let (model, loadSeconds) = try BenchReport.timed {
            try BenchedModel(
                folder: self.model,
                weightType: dtype.elementType,
                threadCount: options.threads,
                slots: slots,
                slotLength: BenchedModel.openingLength + steps,
                promptLength: Self.promptLength
            )
        }
        guard Self.promptLength <= model.maxContext else {
            throw ValidationError(
                """
                the model's context of \(model.maxContext) tokens is too short for a \
                prompt of \(Self.promptLength)
                """
            )
        }
        let limits = BenchLimits.measure(threadCount: options.threads)
        var measurements = [try measurePrompt(of: model, limits: limits)]
        try model.open()
        for size in Self.batchSizes {
            measurements.append(try measureDecode(of: model, batchSize: size, limits: limits))
        }
        return Report(
            model: self.model,
            architecture: model.architecture,
            weightType: model.weightType.rawValue,
            weightBytes: model.weightBytes,
            loadSeconds: loadSeconds,
            limits: limits,
            measurements: measurements
        )
    }

    private func measurePrompt(
        of model: BenchedModel,
        limits: BenchLimits.Measurement
    ) throws -> Measurement {
        let length = Self.promptLength
        // The first one touches all memory for the first time and does not count.
        try model.prefill(length: length)
        let seconds = try BenchReport.medianSeconds(of: promptRepeat) {
            try model.prefill(length: length)
        }
        return measurement(
            "pp\(length)",
            tokens: length,
            seconds: seconds,
            operations: model.operations(rows: length, logitsRows: 1),
            of: model,
            limits
        )
    }

    private func measureDecode(
        of model: BenchedModel,
        batchSize: Int,
        limits: BenchLimits.Measurement
    ) throws -> Measurement {
        try model.decode(batchSize)
        let seconds = try BenchReport.medianSeconds(of: `repeat`) {
            try model.decode(batchSize)
        }
        return measurement(
            "decode, batch \(batchSize)",
            tokens: batchSize,
            seconds: seconds,
            operations: model.operations(rows: batchSize, logitsRows: batchSize),
            of: model,
            limits
        )
    }

    private func measurement(
        _ name: String,
        tokens: Int,
        seconds: Double,
        operations: Double,
        of model: BenchedModel,
        _ limits: BenchLimits.Measurement
    ) -> Measurement {
        Measurement(
            name: name,
            tokensPerStep: tokens,
            millisecondsPerStep: seconds * 1000,
            tokensPerSecond: Double(tokens) / seconds,
            ofReadBandwidth: Double(model.weightBytes) / seconds / limits.readBytesPerSecond,
            ofPeak: operations / seconds / limits.operationsPerSecond
        )
    }

    private func table(_ report: Report) -> String {
        var table = BenchTable(
            columns: ["", "ms/step", "tok/s", "of read bandwidth", "of FMA peak"]
        )
        for line in report.measurements {
            table.add(
                [
                    line.name,
                    BenchTable.number(line.millisecondsPerStep),
                    BenchTable.number(line.tokensPerSecond),
                    BenchTable.percent(line.ofReadBandwidth),
                    BenchTable.percent(line.ofPeak),
                ]
            )
        }
        let mebibytes = BenchTable.number(Double(report.weightBytes) / 1_048_576, decimals: 0)
        let load = BenchTable.number(report.loadSeconds, decimals: 2)
        return """
            \(report.architecture), \(report.weightType), \(mebibytes) MiB of matrices, loaded in \(load) s
            \(report.limits.summary)

            \(table.text)
            """
    }
}
