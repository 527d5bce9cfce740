import Synchronization

/// Tells the operator of request fields that mean nothing here, each name once: a misspelt
/// `temprature` is ignored as vLLM ignores it, but not in silence.
///
/// Any thread. Names come from clients, so their number is bounded: later ones are not told.
final class UnknownFieldLog: Sendable {
    private static let maxNames = 256

    private let names = Mutex<Set<String>>([])
    private let log: @Sendable (String) -> Void

    init(_ log: @escaping @Sendable (String) -> Void) {
        self.log = log
    }

    /// Tells of those names that are new; they are already cut to a length that fits a line.
    func note(_ fields: [String]) {
        guard !fields.isEmpty else { return }
        let new = names.withLock { names in
            fields.filter { names.count < Self.maxNames && names.insert($0).inserted }
        }
        for name in new {
            // Quoted with escapes: a line break in a name must not forge a line of the log.
            log("The request field \(String(reflecting: name)) is unknown and is ignored.")
        }
    }
}
