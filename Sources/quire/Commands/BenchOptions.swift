import ArgumentParser
import NIOCore

/// What all measurements take.
struct BenchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads that compute.", valueName: "count"))
    var threads = System.coreCount

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func validate() throws {
        guard (1...1024).contains(threads) else {
            throw ValidationError("--threads \(threads): 1 to 1024 are possible")
        }
    }
}
