import QuireHTTP

/// The names that follow a request through all logs: `X-Request-Id`, and W3C `traceparent`.
struct RequestIdentity: Sendable {
    /// The client's, if it sent a usable one, else a new one.
    let requestID: String
    /// The client's trace with this gateway as the parent, or a trace of its own.
    ///
    /// W3C Trace Context, 2.2.2: version, trace id, parent id, flags.
    let traceparent: String

    init(_ head: HTTPRequestHead, using random: inout RandomWords) {
        requestID =
            head.fields.first("x-request-id").flatMap(Self.usable)
            ?? Self.hex(random.next(), random.next())
        let parent = random.next() | 1
        if let given = head.fields.first("traceparent"), Self.isTraceparent(given) {
            let parts = given.split(separator: "-")
            traceparent = "00-\(parts[1])-\(Self.hex(parent))-\(parts[3])"
        } else {
            traceparent = Self.traceparent(random.next() | 1, random.next(), parent)
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

    // Digits are written in place: by way of numbers' descriptions they cost 5,000 instructions
    // per request.

    private static func hex(_ number: UInt64) -> String {
        makeText(16) { digits in digits.append(number) }
    }

    private static func hex(_ high: UInt64, _ low: UInt64) -> String {
        makeText(32) { digits in
            digits.append(high)
            digits.append(low)
        }
    }

    private static func traceparent(_ high: UInt64, _ low: UInt64, _ parent: UInt64) -> String {
        makeText(55) { digits in
            digits.append("00-")
            digits.append(high)
            digits.append(low)
            digits.append("-")
            digits.append(parent)
            digits.append("-01")
        }
    }

    private static func makeText(_ count: Int, _ body: (inout OutputSpan<UInt8>) -> Void) -> String
    {
        unsafe String(unsafeUninitializedCapacity: count) { room in
            var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
            body(&output)
            return unsafe output.finalize(for: room)
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends sixteen hexadecimal digits.
    fileprivate mutating func append(_ number: UInt64) {
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 0xF
            append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    fileprivate mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { unsafe append(text.utf8Start[index]) }
    }
}
