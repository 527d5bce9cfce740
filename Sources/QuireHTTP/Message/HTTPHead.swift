package import NIOCore

/// The request methods that routes are made of; any other token is `other`.
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options, other

    /// The method as it stands in a request line.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other: ""
        }
    }

    init(_ bytes: Span<UInt8>) {
        // Methods are case-sensitive, so bytes are compared as they are.
        switch bytes.count {
        case 3 where Self.matches(bytes, "GET"): self = .get
        case 3 where Self.matches(bytes, "PUT"): self = .put
        case 4 where Self.matches(bytes, "POST"): self = .post
        case 4 where Self.matches(bytes, "HEAD"): self = .head
        case 5 where Self.matches(bytes, "PATCH"): self = .patch
        case 6 where Self.matches(bytes, "DELETE"): self = .delete
        case 7 where Self.matches(bytes, "OPTIONS"): self = .options
        default: self = .other
        }
    }

    @inline(__always)
    private static func matches(_ bytes: Span<UInt8>, _ name: StaticString) -> Bool {
        for index in bytes.indices where unsafe bytes[index] != name.utf8Start[index] {
            return false
        }
        return true
    }
}

/// How the end of a body is found.
package enum HTTPBodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
    /// A response only: the body ends when the peer closes.
    case untilClose
}

/// A request head that has passed every check: a slice of what was received, and where parts lie.
///
/// A value, free to cross threads. It keeps the received bytes alive: do not hold it for the
/// length of a stream.
package struct HTTPRequestHead: Sendable {
    package let method: HTTPMethod
    /// 0 or 1: the minor version after `HTTP/1.`.
    package let minorVersion: Int
    package let fields: HTTPFields
    package let framing: HTTPBodyFraming
    /// Whether the client wants `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// Whether the connection may carry another request after this one.
    package let keepsAlive: Bool
    let methodRange: HTTPRange
    let targetRange: HTTPRange
    let pathRange: HTTPRange
    let queryRange: HTTPRange?
    let authorityRange: HTTPRange?

    /// The method as it was sent.
    package var methodName: String { fields.text(methodRange) }

    /// The whole request target as it was sent.
    package var target: String { fields.text(targetRange) }

    /// The path as it was sent, still percent-encoded; `*` for `OPTIONS *`.
    package var path: String { fields.text(pathRange) }

    /// Whether the path is exactly that one.
    package func hasPath(_ path: StaticString) -> Bool {
        fields.bytes.readableBytesUInt8Span.extracting(pathRange.range)
            .equals(unsafe Span(_unsafeStart: path.utf8Start, count: path.utf8CodeUnitCount))
    }

    /// What follows the `?`, still percent-encoded.
    package var query: String? { queryRange.map(fields.text) }

    /// Host and port: from an absolute target, else from the Host field.
    package var authority: String? { authorityRange.map(fields.text) }

    /// Calls `body` with the bytes of the path.
    package func withPath<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        try body(fields.bytes.readableBytesUInt8Span.extracting(pathRange.range))
    }

    /// Path and query as an origin-form target, for passing the request on.
    package var originTarget: ByteBuffer {
        guard let queryRange else { return fields.slice(pathRange) }
        if queryRange.start == pathRange.start + pathRange.count + 1 {
            return fields.slice(HTTPRange(pathRange.range.lowerBound..<queryRange.range.upperBound))
        }
        // An absolute target without a path: its "/" does not stand before the query.
        return ByteBuffer(string: "/?\(fields.text(queryRange))")
    }
}

/// A response head that has passed every check.
package struct HTTPResponseHead: Sendable {
    package let status: Int
    /// 0 or 1: the minor version after `HTTP/1.`.
    package let minorVersion: Int
    package let fields: HTTPFields
    package let framing: HTTPBodyFraming
    /// Whether the connection may carry another request after this response.
    package let keepsAlive: Bool
    let reasonRange: HTTPRange

    /// The words after the status, for logs.
    package var reason: String { fields.text(reasonRange) }

    /// Whether another head follows for the same request.
    package var isInformational: Bool { status < 200 && status != 101 }
}
