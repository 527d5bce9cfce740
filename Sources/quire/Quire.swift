import ArgumentParser

/// The command `quire`.
@main
struct Quire: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quire",
        abstract: "Serves open-weight language models over the OpenAI API.",
        version: quireVersion,
        subcommands: [
            UpCommand.self, RunCommand.self, ServeCommand.self, GatewayCommand.self,
            DrainCommand.self,
            ConfigCommand.self, Bench.self,
        ]
    )

    static func main() { main(CommandLine.arguments.dropFirst().map { hyphenated($0) }) }

    /// `--max_model_len` as `--max-model-len`: vLLM takes both, and start scripts have both.
    private static func hyphenated(_ argument: String) -> String {
        guard argument.hasPrefix("--") else { return argument }
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let flag = String(parts[0].map { $0 == "_" ? "-" : $0 })
        return parts.count == 1 ? flag : flag + "=" + parts[1]
    }
}

/// The version that `--version` and `/version` say.
let quireVersion = "0.1.0"
