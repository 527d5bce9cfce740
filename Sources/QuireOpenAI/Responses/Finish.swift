import NIOCore

/// Why a choice ended, as the wire says it.
package struct Finish: Sendable, Hashable {
    package enum Reason: String, Sendable, Hashable {
        case stop
        case length
        case abort
        case error
    }

    /// The stop string or token that ended it; `nil` for the model's own end and all else.
    package enum StopReason: Sendable, Hashable {
        case string(String)
        case token(Int32)
    }

    package var reason: Reason
    package var stopReason: StopReason?

    package init(_ reason: Reason, stopReason: StopReason? = nil) {
        self.reason = reason
        self.stopReason = stopReason
    }

    /// Writes `"finish_reason":…,"stop_reason":…`.
    static func write(_ finish: Finish?, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#""finish_reason":"#)
        buffer.writeJSONString(finish?.reason.rawValue)
        buffer.writeStaticString(#","stop_reason":"#)
        switch finish?.stopReason {
        case nil: buffer.writeStaticString("null")
        case .string(let text): buffer.writeJSONString(text)
        case .token(let id): buffer.writeJSONInteger(id)
        }
    }
}
