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
    var dropsKey = false

    /// What is not passed on: what belongs to the connection, what we write, what only the
    /// gateway may say, and the encodings: a compressed answer could not be read along.
    private static let dropped = HTTPFieldNames(
        HTTPFieldNames.hopByHop + [
            "host", "expect", "x-request-id", "traceparent", "accept-encoding",
        ]
    )
    private static let droppedWithKey = HTTPFieldNames(
        HTTPFieldNames.hopByHop + [
            "host", "expect", "x-request-id", "traceparent", "authorization",
        ]
    )

    init(_ head: HTTPRequestHead, identity: RequestIdentity, target given: ByteBuffer? = nil) {
        let normalized = given ?? APIPath.normalized(head.originTarget)
        target = normalized
        isAPI = APIPath.isAPI(normalized)
        stickyHeader = head.fields.first("x-session-id")
        method = head.methodName
        isHead = head.method == .head
        fields = head.fields
        self.identity = identity
    }

    /// The path of the target, without its query.
    var path: String {
        let bytes = target.readableBytesView.prefix { $0 != UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }

    var requestID: String { identity.requestID }

    /// The head for one upstream, with a body of that many bytes.
    func head(to upstream: UpstreamConfiguration, bodyBytes: Int) -> ByteBuffer {
        var head = ByteBufferAllocator().buffer(capacity: 512)
        let endpoint = upstream.endpoint
        let prefix = endpoint.prefix
        if prefix.isEmpty {
            head.writeRequestLine(ByteBuffer(string: method), target: target)
        } else {
            var whole = ByteBuffer(string: prefix)
            whole.writeImmutableBuffer(target)
            head.writeRequestLine(ByteBuffer(string: method), target: whole)
        }
        head.writeField("host", endpoint.hostHeader ?? endpoint.address.authority)
        head.writeFields(
            fields,
            except: upstream.apiKey == nil && !dropsKey ? Self.dropped : Self.droppedWithKey
        )
        if let key = upstream.apiKey { head.writeField("authorization", "Bearer \(key)") }
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
    private static let routes = [
        "chat/completions", "completions", "models", "embeddings", "responses", "rerank", "score",
        "audio/", "messages",
    ]

    static func isAPI(_ normalized: ByteBuffer) -> Bool { normalized.starts(with: "/v1/") }

    /// `/chat/completions`, `/v1/chat/completions` and `/v1/v1/chat/completions` are one: base
    /// URLs are configured with and without `/v1`, and Spring clients join two of them.
    static func normalized(_ target: ByteBuffer) -> ByteBuffer {
        var path = target
        var hadVersion = false
        while path.readableBytes >= 4, path.starts(with: "/v1/") {
            path.moveReaderIndex(forwardBy: 3)
            hadVersion = true
        }
        let isAPI = hadVersion || routes.contains { path.starts(with: "/" + $0) }
        guard isAPI else { return target }
        var result = ByteBuffer(string: "/v1")
        result.writeImmutableBuffer(path)
        return result
    }
}

extension UpstreamEndpoint {
    /// The address as the HTTP client takes it.
    var address: ServerAddress { ServerAddress(host: host, port: port, prefix: prefix) }
}

extension ByteBuffer {
    /// Whether the readable bytes begin with the text.
    fileprivate func starts(with text: String) -> Bool {
        let bytes = readableBytesUInt8Span
        let wanted = text.utf8.span
        guard bytes.count >= wanted.count else { return false }
        for index in wanted.indices where bytes[index] != wanted[index] { return false }
        return true
    }
}
