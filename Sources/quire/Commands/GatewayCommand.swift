import ArgumentParser

/// `quire gateway`: one address before any number of OpenAI-compatible servers.
struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Puts one address in front of many OpenAI-compatible servers."
    )

    @OptionGroup var flags: GatewayFlags

    func run() throws {
        SignalWatcher.block(includingHangup: true)
        do {
            try GatewayProcess(flags).run()
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }
}
