package import NIOCore

/// The keys that open a server, compared in a time that does not depend on what was right.
package struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// Empty keys are left out: an unset variable must not become a key that everybody has.
    package init(_ keys: [String]) {
        self.keys = keys.filter { !$0.isEmpty }.map { Array($0.utf8) }
    }

    /// Whether nobody is asked for a key.
    package var isEmpty: Bool { keys.isEmpty }

    /// Whether an `Authorization` value is `Bearer` and one of the keys.
    ///
    /// Every key is compared to its end, so that the time tells neither which key was near nor
    /// how many bytes of it.
    package func admits(_ authorization: ByteBuffer?) -> Bool {
        guard let authorization, let given = Self.token(authorization.readableBytesView) else {
            return false
        }
        var isAdmitted = false
        for key in keys {
            // Not `||` with a call on the right: that would stop at the first match.
            let isEqual = Self.equal(given, key)
            isAdmitted = isEqual || isAdmitted
        }
        return isAdmitted
    }

    /// What follows the scheme, which is compared without case.
    private static func token(_ value: ByteBufferView) -> [UInt8]? {
        let scheme = "bearer ".utf8
        guard value.count > scheme.count,
            zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 })
        else { return nil }
        return Array(value.dropFirst(scheme.count).drop { $0 == UInt8(ascii: " ") })
    }

    private static func equal(_ given: [UInt8], _ key: [UInt8]) -> Bool {
        var difference = given.count ^ key.count
        for index in given.indices { difference |= Int(given[index] ^ key[index % key.count]) }
        return difference == 0
    }
}
