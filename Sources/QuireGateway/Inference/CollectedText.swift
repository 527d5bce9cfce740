import NIOCore

/// Collects one whole answer, bounded; confined to the event loop of its call.
///
/// The call holds it until the end; it holds the call only while that is under way.
final class CollectedText: ChatAnswerReceiver {
    typealias Outcome = Result<ByteBuffer, GatewayRefusalError>

    /// A refusal as an error.
    struct GatewayRefusalError: Error {
        var refusal: GatewayRefusal
    }

    private let bytesMax: Int
    private var text = ByteBuffer()
    private var call: (any ChatCall)?
    private var finish: ((Outcome) -> Void)?

    init(bytesMax: Int, finish: @escaping (Outcome) -> Void) {
        self.bytesMax = bytesMax
        self.finish = finish
    }

    /// Sends; `finish` is called once, perhaps before this returns.
    func begin(_ send: (any ChatAnswerReceiver) -> any ChatCall) {
        let sent = send(self)
        if finish != nil { call = sent }
    }

    /// Gives up without a word.
    func abandon() {
        finish = nil
        call?.abandon()
        call = nil
    }

    func receiveText(_ piece: ByteBuffer) {
        guard finish != nil else { return }
        guard piece.readableBytes <= bytesMax - text.readableBytes else {
            call?.abandon()
            return end(
                .failure(
                    GatewayRefusalError(
                        refusal: GatewayRefusal(
                            .badGateway("The answer is longer than \(bytesMax) bytes.")
                        )
                    )
                )
            )
        }
        text.writeImmutableBuffer(piece)
    }

    func receivePause() {
        // A whole answer is passed on at its end.
    }

    func receiveEnd() { end(.success(text)) }

    func receiveFailure(_ refusal: GatewayRefusal) {
        end(.failure(GatewayRefusalError(refusal: refusal)))
    }

    private func end(_ outcome: Outcome) {
        call = nil
        let last = finish
        finish = nil
        last?(outcome)
    }
}
