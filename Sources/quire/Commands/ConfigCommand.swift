import ArgumentParser
import QuireClient
import QuireGateway

/// `quire config show`: what a gateway would run with, and where each value comes from.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Shows and checks the settings of a gateway.",
        subcommands: [Show.self],
        defaultSubcommand: Show.self
    )

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Prints every setting as it would be in force; fails where a file is wrong."
        )

        @OptionGroup var flags: GatewayFlags

        @Flag(help: "Print where each value comes from.")
        var origin = false

        func run() throws {
            do {
                let settings = try GatewaySettings(flags)
                let width = settings.entries.map { $0.entry.path.count }.max() ?? 0
                for (entry, origin) in settings.entries {
                    let name = entry.path + String(repeating: " ", count: width - entry.path.count)
                    let from = self.origin ? "  # \(origin ?? "default")" : ""
                    print("\(name)  \(entry.value.compactText)\(from)")
                }
            } catch {
                Log.line("\(error)")
                throw ExitCode.failure
            }
        }
    }
}
