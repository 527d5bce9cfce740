import ArgumentParser
import QuireCheckpoint
import QuireJSON
import QuireTokenizer

/// `quire bench tokenizer MODEL FILE`: how fast text becomes tokens and tokens become text, on one
/// thread.
struct BenchTokenizer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Measure encoding and decoding of a text file on one thread."
    )

    @Argument(help: "A folder that holds tokenizer.json.")
    var model: String

    @Argument(help: "A text file, one megabyte or so.")
    var file: String

    @Option(help: ArgumentHelp("Times the file is encoded; a median is shown.", valueName: "n"))
    var `repeat` = 5

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    struct Report {
        var bytes: Int
        var tokens: Int
        var loadSeconds: Double
        var encodeBytesPerSecond: Double
        var decodeBytesPerSecond: Double

        var json: JSON {
            .object([
                "bytes": .int(bytes),
                "tokens": .int(tokens),
                "load_seconds": .double(loadSeconds),
                "encode_bytes_per_second": .double(encodeBytesPerSecond),
                "decode_bytes_per_second": .double(decodeBytesPerSecond),
            ])
        }
    }

    func validate() throws {
        guard (1...1000).contains(`repeat`) else {
            throw ValidationError("--repeat takes 1 to 1000")
        }
    }

    func run() throws {
        let report = try measure()
        if json {
            print(BenchReport.text(report.json))
            return
        }
        var table = BenchTable(columns: ["", "MB/s", "Mtokens/s"])
        for (name, speed) in [
            ("encode", report.encodeBytesPerSecond), ("decode", report.decodeBytesPerSecond),
        ] {
            let tokens = speed * Double(report.tokens) / Double(max(report.bytes, 1))
            let cells = [speed / 1e6, tokens / 1e6].map { BenchTable.number($0, decimals: 2) }
            table.add([name] + cells)
        }
        let load = BenchTable.number(report.loadSeconds, decimals: 2)
        print("\(report.bytes) bytes, \(report.tokens) tokens; tokenizer loaded in \(load) s\n")
        print(table.text)
    }

    private func measure() throws -> Report {
        let path = model + "/tokenizer.json"
        let text = try MappedFile(path: file).copyContent(atMost: 1 << 30)
        let (tokenizer, loadSeconds) = try BenchReport.timed {
            try Tokenizer(tokenizerJSON: try MappedFile(path: path).copyContent(atMost: 1 << 30))
        }
        var tokens: [Int32] = []
        let encodeSeconds = BenchReport.medianSeconds(of: `repeat`) {
            tokens = tokenizer.encode(text.span, addSpecialTokens: false)
        }
        var decoded = 0
        let decodeSeconds = BenchReport.medianSeconds(of: `repeat`) {
            decoded = tokenizer.decode(tokens, skipSpecialTokens: false).count
        }
        return Report(
            bytes: text.count,
            tokens: tokens.count,
            loadSeconds: loadSeconds,
            encodeBytesPerSecond: Double(text.count) / encodeSeconds,
            decodeBytesPerSecond: Double(decoded) / decodeSeconds
        )
    }
}
