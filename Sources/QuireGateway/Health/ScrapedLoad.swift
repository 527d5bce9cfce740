/// What was read from an instance's metrics.
package struct ScrapedLoad: Hashable, Sendable {
    package var load: EngineLoad
    /// Tokens of prompts and answers since the instance began; `nil` if it does not count them.
    package var tokens: Double?

    package init(load: EngineLoad, tokens: Double?) {
        self.load = load
        self.tokens = tokens
    }
}
