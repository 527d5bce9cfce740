/// What was read from an instance's metrics.
package struct ScrapedLoad: Hashable, Sendable {
    package var load: UpstreamLoad
    /// Tokens of prompts and answers since the instance began; `nil` if it does not count them.
    package var tokens: Double?

    package init(load: UpstreamLoad, tokens: Double?) {
        self.load = load
        self.tokens = tokens
    }
}
