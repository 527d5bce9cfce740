import NIOCore
import QuireHTTP
import QuireOpenAI

/// A client's request as the gateway understands it: what goes up, and what the answer must be.
///
/// Immutable, and a class because it is handed on whole: a copy of it takes a dozen references.
final class ProxyRequest {
    /// What the request asks for, as far as the gateway treats it in its own way.
    enum Kind: Sendable {
        case chat, completion
        /// Anything else: passed through, never continued or replaced.
        case other
    }

    let kind: Kind
    let head: UpstreamRequest
    let body: ByteBuffer
    /// What the body says; nil where there is none to read.
    let scan: RoutingScan?
    let acceptLanguage: String?
    /// Whether it may be sent a second time after an upstream may have begun to work on it.
    let isRepeatable: Bool

    /// What computes and changes nothing.
    private static let pureRoutes: [StaticString] = [
        "/v1/embeddings", "/v1/rerank", "/v1/score", "/v1/messages", "/v1/responses", "/tokenize",
        "/detokenize", "/v1/audio/transcriptions", "/v1/audio/translations", "/pooling",
        "/classify",
    ]

    /// Reads a request; a body that is no JSON object is refused here, as every engine would.
    init(
        _ request: HTTPRequest,
        identity: RequestIdentity,
        dropsKey: Bool
    ) throws(OpenAIError) {
        guard APIPath.isPlain(request.head) else {
            throw .badRequest("The path must not hold '.' or '..' segments.")
        }
        head = UpstreamRequest(request.head, identity: identity, dropsKey: dropsKey)
        body = request.body
        if request.method == .post, head.hasPath("/v1/chat/completions") {
            kind = .chat
        } else if request.method == .post, head.hasPath("/v1/completions") {
            kind = .completion
        } else {
            kind = .other
        }
        let isJSON =
            request.method == .post && request.body.readableBytes > 0
            && (kind != .other || request.head.saysJSON)
        let head = head
        isRepeatable =
            kind != .other || [.get, .head, .options].contains(request.method)
            || Self.pureRoutes.contains { head.hasPath($0) }
        scan = isJSON && head.isAPI ? try RoutingScan(request.body) : nil
        acceptLanguage = request.head.fields.first("accept-language")
    }

    /// A chat request that a route of the gateway's own makes of another one.
    init(
        chat body: ByteBuffer,
        head: HTTPRequestHead,
        identity: RequestIdentity,
        dropsKey: Bool
    ) throws(OpenAIError) {
        kind = .chat
        self.head = UpstreamRequest(chatFrom: head, identity: identity, dropsKey: dropsKey)
        self.body = body
        isRepeatable = true
        scan = try RoutingScan(body)
        acceptLanguage = head.fields.first("accept-language")
    }

    /// Whether the answer is a stream of events that the gateway reads along.
    var isStream: Bool { kind != .other && scan?.stream == true }

    /// Whether another upstream may be asked after this answer: always if it was refused for load.
    func mayRepeat(after outcome: Outcome) -> Bool {
        if case .overloaded = outcome { return true }
        return isRepeatable
    }

    /// Whether the client asked for the usage chunk itself.
    var wantsUsage: Bool { scan?.includeUsage ?? false }

    /// What is known of it for picking an upstream.
    var pick: PickRequest {
        var pick = PickRequest(model: scan?.model)
        pick.prefixKeys = scan?.prefixKeys ?? []
        pick.promptTokens = (scan?.promptBytes ?? 0) / 4
        pick.stickyKey = (head.stickyHeader ?? scan?.user).map { SplitMix64.hash($0) }
        return pick
    }

    /// The changes that an upstream needs: its own name for the model, and usage in streams.
    func edits(for attempt: Attempt) -> BodyEdits {
        var edits = BodyEdits()
        guard let scan else { return edits }
        if let model = attempt.model { edits.setModel(model, scan.layout) }
        if isStream { edits.includeUsage(scan) }
        return edits
    }

    /// The shape of an answer that the gateway gives in a model's place.
    var fallbackShape: FallbackAnswer.Shape? {
        switch kind {
        case .chat: isStream ? .chatStream : .chat
        case .completion: isStream ? .completionStream : .completion
        case .other: nil
        }
    }
}
