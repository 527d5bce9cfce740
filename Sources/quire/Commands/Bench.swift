import ArgumentParser

/// `quire bench`: how fast this machine, and the engine on it, are.
///
/// Speed is reported beside what the machine can do at the most, measured in the same run: seconds
/// differ between machines and between days, ratios much less.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server, the engine, the tokenizer, or the machine's limits.",
        subcommands: [
            BenchEngine.self, BenchLimits.self, BenchTokenizer.self, BenchServe.self,
            BenchCompare.self, BenchPolicies.self,
        ]
    )
}
