import ArgumentParser

/// The command `quire`.
@main
struct Quire: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quire",
        abstract: "Serves open-weight language models over the OpenAI API.",
        version: quireVersion,
        subcommands: [ServeCommand.self, Bench.self]
    )
}

/// The version that `--version` and `/version` say.
let quireVersion = "0.1.0"
