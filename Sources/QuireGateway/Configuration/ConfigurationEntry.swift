package import QuireJSON

/// One value as it is in force, for `quire config show`.
package struct ConfigurationEntry: Sendable, Hashable {
    /// Its name in full, such as `circuitBreaker.slidingWindowSize`.
    package let path: String
    /// In the form in which it could be written; a secret is shown as `"***"`.
    package let value: JSON
    /// Where it was written, by the names used there; `nil`: it is a default.
    package let givenPath: String?
}
