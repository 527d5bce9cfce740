import NIOCore
import Synchronization

/// The keys of the gateway's clients, as the configuration that holds now has them.
///
/// Sendable; the keys are made ready once per configuration and not per request.
final class GatewayKeys: Sendable {
    private let core: GatewayCore
    private let ready: Mutex<(texts: [String], tokens: [BearerToken])>

    init(_ core: GatewayCore) {
        self.core = core
        ready = Mutex(([], []))
    }

    /// Whether a key is needed at all.
    var isClosed: Bool { core.configuration.withLock { !$0.apiKeys.isEmpty } }

    /// Whether the field holds one of the keys; all are compared, whichever is right.
    func admits(_ authorization: ByteBuffer?) -> Bool {
        let texts = core.configuration.withLock { $0.apiKeys }
        let tokens = ready.withLock { ready in
            if ready.texts != texts { ready = (texts, texts.map { BearerToken($0) }) }
            return ready.tokens
        }
        return tokens.reduce(false) { $1.admits(authorization) || $0 }
    }
}
