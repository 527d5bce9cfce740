import ArgumentParser
import Glibc
import NIOCore
import QuireClient
import QuireHTTP

/// `quire bench compare A B`: two servers under the same load, in alternation.
///
/// Speeds drift with the machine's other work; servers measured one after the other pay for it
/// unequally. Here short runs alternate, and the order within a pair too, so both meet the same.
struct BenchCompare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Measure two servers in alternation and show their ratios."
    )

    @Argument(
        help: "The first server, as http://host:port; ratios are over this one.",
        transform: serverAddress
    )
    var first: ServerAddress

    @Argument(help: "The second server.", transform: serverAddress)
    var second: ServerAddress

    @Option(help: "The second server's model, if it has another name.")
    var modelB: String?

    @OptionGroup var server: ServerFlags

    @OptionGroup var load: LoadFlags

    @Option(help: "Clients at a time; a list measures each.")
    var maxConcurrency = ConcurrencyList([1, 8, 32])

    @Option(help: "Requests of one run (default: four per client, 16 at least).")
    var numPrompts: Int?

    @Option(help: "Runs per server and concurrency.")
    var rounds = 3

    @Option(help: "Seconds that one request may take.")
    var requestTimeout = 600

    @Option(help: "Seconds after which a run is cut.")
    var maxDuration = 600

    @Flag(help: "Show no progress.")
    var disableTqdm = false

    func validate() throws {
        guard (1...1000).contains(rounds), (1...1_000_000).contains(numPrompts ?? 1),
            (1...86400).contains(requestTimeout), (1...86400).contains(maxDuration)
        else { throw ValidationError("--rounds, --num-prompts or a time is out of range") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        do {
            try Comparison(self).run()
        } catch let error as ExitCode {
            throw error
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    func loadLimits(concurrency: Int) -> LoadGenerator.Limits {
        var limits = LoadGenerator.Limits()
        limits.concurrency = concurrency
        limits.requestTime = .seconds(Int64(requestTimeout))
        limits.wholeTime = .seconds(Int64(maxDuration))
        return limits
    }
}
