import ArgumentParser
import QuireGateway

/// `quire bench policies`: the gateway's balancing policies beside each other, on a virtual clock.
struct BenchPolicies: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies",
        abstract: "Compare the gateway's balancing policies in a seeded simulation.",
        discussion: """
            Simulated engines and clients, no sockets: the same seed prints the same table. Times are \
            milliseconds of the simulated clock. The last columns: the largest load over the mean, \
            the share of the attempts at the last engine (the one with a fault, where one has), and \
            the share of prompt tokens found in a KV cache.
            """
    )

    @Option(help: "Another seed gives other arrivals and prompts.")
    var seed: UInt64 = 1

    func run() throws {
        print(PolicyComparison.text(try PolicyComparison.rows(seed: seed)))
    }
}
