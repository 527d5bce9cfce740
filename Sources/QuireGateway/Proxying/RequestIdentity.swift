import QuireHTTP

/// The names that follow a request through all logs: `X-Request-Id`, and W3C `traceparent`.
struct RequestIdentity: Sendable {
    /// The client's, if it sent a usable one, else a new one.
    let requestID: String
    /// The client's trace with this gateway as the parent, or a trace of its own.
    ///
    /// W3C Trace Context, 2.2.2: version, trace id, parent id, flags.
    let traceparent: String

    init(_ head: HTTPRequestHead) {
        var random = SystemRandomNumberGenerator()
        requestID =
            head.fields.first("x-request-id").flatMap(Self.usable) ?? Self.hex(random.next())
            + Self.hex(random.next())
        let parent = Self.hex(random.next() | 1)
        if let given = head.fields.first("traceparent"), Self.isTraceparent(given) {
            let parts = given.split(separator: "-")
            traceparent = "00-\(parts[1])-\(parent)-\(parts[3])"
        } else {
            let trace = Self.hex(random.next() | 1) + Self.hex(random.next())
            traceparent = "00-\(trace)-\(parent)-01"
        }
    }

    private static func usable(_ text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return (1...128).contains(text.utf8.count) && isPlain ? text : nil
    }

    private static func isTraceparent(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00" else { return false }
        let isHex = parts.allSatisfy { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        return isHex && parts.map(\.utf8.count) == [2, 32, 16, 2]
            && parts[1].contains { $0 != "0" } && parts[2].contains { $0 != "0" }
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
