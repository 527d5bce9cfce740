import NIOCore
import QuireHTTP

/// What holds for one request, taken from the configuration when it begins, so that a reload
/// changes nothing under way.
struct RequestPolicy: Sendable {
    var limits: TimeLimits
    /// Bounds on the connections to upstreams.
    var connections: ServerConnections.Limits
    /// Attempts together, the first included.
    var maxAttempts: Int
    /// Attempts where nothing could be sent are free, up to so many together.
    var maxConnectAttempts = 16
    /// Whether cut streams are continued elsewhere.
    var resumes: Bool
    var resumeOptions = ResumeOptions()
    /// What is said where nobody can answer; nil for an error.
    var fallback: FallbackAnswer?
    /// Seconds since 1970, for answers of the gateway's own.
    var unixTime: Int
}

extension Refusal {
    /// What the client is told.
    var sentence: String {
        switch self {
        case .unknownModel: "No engine serves this model."
        case .noneHealthy: "No engine is available."
        case .full: "All engines are busy and the queue is full."
        }
    }

    /// For the Retry-After field.
    var retryAfterSeconds: Int? {
        switch self {
        case .unknownModel: nil
        case .noneHealthy(let seconds), .full(let seconds): seconds
        }
    }
}

extension Outcome {
    /// What the head of an answer says of its upstream, if the rest comes as announced.
    init(_ head: HTTPResponseHead) {
        let retryAfter = head.fields.first("retry-after")
        // A date is as good as no number: the default wait holds.
        let seconds = retryAfter.flatMap { Int($0) }.map { max(0, $0) }
        switch head.status {
        case ..<400: self = .success
        case 429: self = .overloaded(retryAfterSeconds: seconds)
        case 503 where retryAfter != nil: self = .overloaded(retryAfterSeconds: seconds)
        case 408: self = .timedOut
        // Not implemented, or not in this version of HTTP: what was asked for is at fault.
        case ..<500, 501, 505: self = .clientError(status: head.status)
        default: self = .serverError(status: head.status)
        }
    }

    /// What the metrics call it; nil where all was well.
    var failure: AttemptFailure? {
        switch self {
        case .success: nil
        case .clientError: .clientError
        case .overloaded: .overloaded
        case .serverError: .serverError
        case .connectFailed: .connect
        case .timedOut: .timeout
        case .cut: .cut
        case .cancelled: .cancelled
        }
    }

    /// Whether it may mean that the upstream is down or hangs.
    var isSuspicious: Bool {
        switch self {
        case .connectFailed, .timedOut, .cut: true
        case .success, .clientError, .overloaded, .serverError, .cancelled: false
        }
    }

    /// Whether another upstream may do better.
    var asksForAnother: Bool {
        switch self {
        case .overloaded, .serverError, .timedOut: true
        case .success, .clientError, .connectFailed, .cut, .cancelled: false
        }
    }
}

extension AttemptFailure {
    /// What the metrics call a further attempt after it.
    var retryReason: RetryReason? {
        switch self {
        case .connect: .connect
        case .timeout: .timeout
        case .cut: .cut
        case .overloaded: .overloaded
        case .serverError: .serverError
        case .cancelled, .clientError: nil
        }
    }
}
