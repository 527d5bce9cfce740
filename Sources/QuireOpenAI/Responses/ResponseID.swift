/// The ids of responses, in OpenAI's form; the randomness comes from the caller.
package enum ResponseID {
    package enum Kind: String, Sendable, Hashable {
        case chatCompletion = "chatcmpl-"
        case completion = "cmpl-"
    }

    /// The response's id: the `X-Request-Id` header, else the body's `request_id`, else 32
    /// hexadecimal digits, behind the kind's prefix.
    ///
    /// A header that is empty, longer than 256 bytes or not printable ASCII is passed over, because
    /// the id goes to logs and back into headers.
    package static func make(
        _ kind: Kind,
        header: String?,
        requestID: String?,
        random: UInt128
    ) -> String {
        if let header, isUsable(header) { return kind.rawValue + header }
        if let requestID { return kind.rawValue + requestID }
        return kind.rawValue + hexadecimal(random)
    }

    /// The value as 32 lower-case hexadecimal digits.
    package static func hexadecimal(_ value: UInt128) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    private static func isUsable(_ header: String) -> Bool {
        !header.isEmpty && header.utf8.count <= 256
            && header.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
