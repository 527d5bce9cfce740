/// What an attempt came to.
package enum Outcome: Hashable, Sendable {
    /// A status below 400 and a proper end.
    case success
    /// 4xx but 408 and 429: the client's fault; says nothing about the upstream's health.
    case clientError(status: Int)
    /// 429, or 503 with Retry-After: load, not failure; pick elsewhere until then.
    case overloaded(retryAfterSeconds: Int?)
    /// 5xx.
    case serverError(status: Int)
    /// Refused or unreachable.
    case connectFailed
    /// Any of the time limits.
    case timedOut
    /// Ended inside a response.
    case cut
    /// The client left; says nothing about the upstream.
    case cancelled

    /// What it says about the upstream's health.
    var verdict: Verdict {
        switch self {
        case .success: .good
        case .clientError, .overloaded: .alive
        case .serverError: .failing
        case .connectFailed, .timedOut, .cut: .unreachable
        case .cancelled: .none
        }
    }

    enum Verdict {
        /// It works.
        case good
        /// It answers, and says no more than that.
        case alive
        /// It answers with failures.
        case failing
        /// It does not answer, or not to the end.
        case unreachable
        case none

        var isFailure: Bool { self == .failing || self == .unreachable }
    }
}
