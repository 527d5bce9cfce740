/// What is wrong with a configuration: where, what stands there, and what should.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// As the operator wrote it, such as `upstreams[1].max_fails`; empty for the whole.
    package var path: String
    /// What is wrong, and what to do.
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
