/// Why a server gave no answer, in a sentence for whoever asked.
package enum ClientError: Error, Sendable, Hashable, CustomStringConvertible {
    case invalidAddress(String, String)
    case cannotConnect(String)
    /// The connection ended without the whole answer; `inResponse` says whether it had begun.
    case connectionLost(String, inResponse: Bool)
    case malformed(String)
    /// An HTTP status that is not 200, or an error that came as an event of a stream.
    case refused(status: Int, message: String)
    case timedOut(String)
    case cancelled

    package var description: String {
        switch self {
        case .invalidAddress(let url, let reason): "\(url): \(reason)"
        case .cannotConnect(let reason): "cannot connect: \(reason)"
        case .connectionLost(let reason, _): "the connection was lost: \(reason)"
        case .malformed(let reason): "the answer is malformed: \(reason)"
        case .refused(let status, let message):
            message.isEmpty ? "HTTP status \(status)" : "HTTP status \(status): \(message)"
        case .timedOut(let reason): "timed out: \(reason)"
        case .cancelled: "cancelled"
        }
    }
}
