import NIOCore
import QuireHTTP

/// Writes the request that goes up: never the received bytes, always a head of our own.
struct UpstreamRequest {
    /// Path and query for the upstream, normalised; see `APIPath`.
    let target: ByteBuffer
    /// Whether it is a path of the OpenAI API.
    let isAPI: Bool
    /// What `sticky` goes by, where the client sends it.
    let stickyHeader: String?
    let method: String
    let isHead: Bool
    private let fields: HTTPFields
    private let identity: RequestIdentity

    /// Whether the client's key is the gateway's own, and no upstream's business.
    private let dropsKey: Bool
    /// Whether it is a chat request that the gateway makes of a plain one.
    private let isOwnChat: Bool

    /// What is not passed on: what belongs to the connection, what we write, what only the
    /// gateway may say, and the encodings: a compressed answer could not be read along.
    private static let droppedNames =
        HTTPFieldNames.hopByHop + [
            "host", "expect", "x-request-id", "traceparent", "accept-encoding",
        ]
    private static let dropped = HTTPFieldNames(droppedNames)
    private static let droppedWithKey = HTTPFieldNames(droppedNames + ["authorization"])
    private static let droppedForOwnChat = HTTPFieldNames(
        droppedNames + ["authorization", "content-type", "accept"]
    )

    /// The request as it came.
    init(_ head: HTTPRequestHead, identity: RequestIdentity, dropsKey: Bool) {
        self.init(
            head,
            identity: identity,
            dropsKey: dropsKey,
            target: APIPath.normalized(head.originTarget),
            method: head.methodName,
            isOwnChat: false
        )
    }

    /// A chat request that a plain one was made into.
    init(chatFrom head: HTTPRequestHead, identity: RequestIdentity, dropsKey: Bool) {
        self.init(
            head,
            identity: identity,
            dropsKey: dropsKey,
            target: ByteBuffer(staticString: "/v1/chat/completions"),
            method: "POST",
            isOwnChat: true
        )
    }

    private init(
        _ head: HTTPRequestHead,
        identity: RequestIdentity,
        dropsKey: Bool,
        target normalized: ByteBuffer,
        method: String,
        isOwnChat: Bool
    ) {
        self.dropsKey = dropsKey
        self.isOwnChat = isOwnChat
        target = normalized
        isAPI = APIPath.isAPI(normalized)
        stickyHeader = head.fields.first("x-session-id")
        self.method = method
        isHead = method == "HEAD"
        fields = head.fields
        self.identity = identity
    }

    /// Whether that is the path of the target, without its query.
    func hasPath(_ path: StaticString) -> Bool {
        guard target.starts(with: path) else { return false }
        let bytes = target.readableBytesUInt8Span
        let end = path.utf8CodeUnitCount
        return bytes.count == end || bytes[end] == UInt8(ascii: "?")
    }

    var requestID: String { identity.requestID }

    /// The head for one upstream, with a body of that many bytes.
    func head(to target: UpstreamTarget, bodyBytes: Int) -> ByteBuffer {
        // Room for a usual head and a small body behind it, so that it does not grow.
        var head = ByteBufferAllocator().buffer(capacity: 768 + min(bodyBytes, 16 << 10))
        let key = target.configuration.apiKey
        let prefix = target.configuration.endpoint.prefix
        if prefix.isEmpty {
            head.writeRequestLine(method, target: self.target)
        } else {
            var whole = ByteBuffer(string: prefix)
            whole.writeImmutableBuffer(self.target)
            head.writeRequestLine(method, target: whole)
        }
        head.writeField("host", target.hostField)
        let keepsKey = key == nil && !dropsKey
        if isOwnChat {
            head.writeFields(fields, except: Self.droppedForOwnChat)
            head.writeField("content-type", "application/json")
            if keepsKey, let key = fields.first("authorization") {
                head.writeField("authorization", key)
            }
        } else {
            head.writeFields(fields, except: keepsKey ? Self.dropped : Self.droppedWithKey)
        }
        if let key { head.writeField("authorization", "Bearer \(key)") }
        head.writeField("x-request-id", identity.requestID)
        head.writeField("traceparent", identity.traceparent)
        if bodyBytes > 0 || method == "POST" || method == "PUT" {
            head.writeContentLength(bodyBytes)
        }
        head.writeHeadEnd()
        return head
    }
}

/// The paths under which clients ask for the same thing.
enum APIPath {
    private static let routes: [StaticString] = [
        "/chat/completions", "/completions", "/models", "/embeddings", "/responses", "/rerank",
        "/score", "/audio/", "/messages",
    ]

    static func isAPI(_ normalized: ByteBuffer) -> Bool { normalized.starts(with: "/v1/") }

    /// `/chat/completions`, `/v1/chat/completions` and `/v1/v1/chat/completions` are one: base
    /// URLs are configured with and without `/v1`, and Spring clients join two of them.
    static func normalized(_ target: ByteBuffer) -> ByteBuffer {
        var path = target
        var versionCount = 0
        while path.readableBytes >= 4, path.starts(with: "/v1/") {
            path.moveReaderIndex(forwardBy: 3)
            versionCount += 1
        }
        // Mostly it is as it should be.
        if versionCount == 1 { return target }
        let isAPI = versionCount > 0 || routes.contains { path.starts(with: $0) }
        guard isAPI else { return target }
        var result = ByteBuffer(string: "/v1")
        result.writeImmutableBuffer(path)
        return result
    }
}

extension APIPath {
    /// Whether a path stays within its base whoever resolves it: no `.` or `..` segment, written
    /// out or percent-encoded, and no `//` at its beginning.
    static func isPlain(_ head: HTTPRequestHead) -> Bool {
        let isSuspect = head.withPath { path in
            path.indices.contains { index in
                switch path[index] {
                case UInt8(ascii: "."), UInt8(ascii: "%"), UInt8(ascii: "\\"): true
                case UInt8(ascii: "/"): index == 1
                default: false
                }
            }
        }
        guard isSuspect else { return true }
        let path = head.path
        guard !path.hasPrefix("//") else { return false }
        for segment in path.split(separator: "/") {
            let plain = segment.lowercased().replacing("%2e", with: ".")
            if plain == "." || plain == ".." || plain.contains("%2f") || plain.contains("%5c")
                || plain.contains("\\")
            {
                return false
            }
        }
        return true
    }
}

extension HTTPRequestHead {
    /// Whether the body is JSON, or of a type that is not named.
    var saysJSON: Bool {
        fields.first("content-type").map { $0.lowercased().contains("json") } ?? true
    }
}

extension ByteBuffer {
    /// Whether the readable bytes begin with the text.
    fileprivate func starts(with text: StaticString) -> Bool {
        let bytes = readableBytesUInt8Span
        let wanted = unsafe Span(_unsafeStart: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes.count >= wanted.count else { return false }
        for index in wanted.indices where bytes[index] != wanted[index] { return false }
        return true
    }
}
