import NIOCore

/// The token that opens the admin listener, compared in a time that does not tell how much of a
/// guess was right.
struct BearerToken: Sendable {
    private let token: [UInt8]

    /// An empty token opens nothing.
    init(_ token: String) { self.token = Array(token.utf8) }

    /// Whether an `Authorization` value is `Bearer` and this token.
    func admits(_ authorization: ByteBuffer?) -> Bool {
        guard let value = authorization?.readableBytesView, !token.isEmpty else { return false }
        let scheme = "bearer ".utf8
        guard value.count > scheme.count,
            zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 })
        else { return false }
        let given = Array(value.dropFirst(scheme.count))
        var difference = given.count ^ token.count
        for index in given.indices { difference |= Int(given[index] ^ token[index % token.count]) }
        return difference == 0
    }
}
