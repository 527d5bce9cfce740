import NIOCore
import QuireHTTP
import QuireJSON
import QuireOpenAI

/// Sends the chat requests of the plain routes the way that every other request goes.
struct ProxyDispatcher: ChatDispatcher {
    let core: GatewayCore
    let loops: [ObjectIdentifier: GatewayLoop]
    let unixTime: @Sendable () -> Int

    func dispatch(
        _ dispatch: ChatDispatch,
        on eventLoop: any EventLoop,
        to receiver: any ChatAnswerReceiver
    ) -> any ChatCall {
        let call = ProxiedChat(receiver, isStream: dispatch.streams)
        guard let loop = loops[ObjectIdentifier(eventLoop)] else {
            call.respond(GatewayRefusal(.internalError("The request came on a foreign loop.")))
            return call
        }
        do throws(OpenAIError) {
            let request = try ProxyRequest(
                chat: dispatch.body,
                head: dispatch.head,
                identity: RequestIdentity(dispatch.head, using: &loop.random),
                dropsKey: core.hasKeys
            )
            ProxyExchange(
                loop: loop,
                stream: call,
                request: request,
                policy: core.policy(unixTime: unixTime())
            ).begin()
        } catch {
            call.respond(GatewayRefusal(error))
        }
        return call
    }
}

/// Makes text of a proxied chat answer.
private final class ProxiedChat: AnswerStream, ChatCall {
    var onDisconnect: (() -> Void)?
    var onWritable: (() -> Void)?
    private var receiver: (any ChatAnswerReceiver)?
    private let isStream: Bool
    private var status = 0
    private var body = ByteBuffer()
    private var relay = StreamRelay(wantsUsage: true, keepsText: true)
    private var givenBytes = 0

    /// A whole answer above this is given up.
    private static let maxBodyBytes = 32 << 20

    init(_ receiver: any ChatAnswerReceiver, isStream: Bool) {
        self.receiver = receiver
        self.isStream = isStream
    }

    // MARK: ChatCall

    var isReading = true {
        didSet { if isReading, !oldValue { onWritable?() } }
    }

    func abandon() {
        receiver = nil
        let left = onDisconnect
        onDisconnect = nil
        onWritable = nil
        left?()
    }

    // MARK: AnswerStream

    var isWritable: Bool { isReading }

    func writeHead(
        status: Int,
        contentLength: Int?,
        renderFields: (inout ByteBuffer) -> Void
    ) {
        self.status = status
    }

    func write(_ bytes: ByteBuffer) {
        guard status == 200, isStream else {
            guard body.readableBytes + bytes.readableBytes <= Self.maxBodyBytes else {
                fail(.badGateway("The engine's answer is too long."))
                return abandon()
            }
            body.writeImmutableBuffer(bytes)
            return
        }
        _ = relay.receive(bytes)
        guard !relay.answer.obstacles.contains(.textNotKept) else {
            fail(.badGateway("The engine's answer is too long."))
            return abandon()
        }
        guard let text = relay.answer.choices.first?.text, text.count > givenBytes else { return }
        let piece = ByteBuffer(bytes: text[givenBytes...])
        givenBytes = text.count
        receiver?.receiveText(piece)
    }

    func flush() { receiver?.receivePause() }

    func end() {
        guard status == 200 else { return fail(Self.error(status, body)) }
        if isStream {
            guard relay.answer.isComplete else {
                return fail(.badGateway("The engine broke off before the answer was whole."))
            }
        } else {
            guard let text = Self.text(of: body) else {
                return fail(.badGateway("The engine's answer is not a chat completion."))
            }
            receiver?.receiveText(ByteBuffer(string: text))
        }
        let last = receiver
        receiver = nil
        last?.receiveEnd()
    }

    func abort() { fail(.badGateway("The engine broke off before the answer was whole.")) }

    func respond(status: Int, headers: [(String, String)], body: ByteBuffer) {
        self.status = status
        write(body)
        guard status != 200 else { return end() }
        let retryAfter = headers.first { $0.0 == "retry-after" }.flatMap { Int($0.1) }
        fail(Self.error(status, body), retryAfterSeconds: retryAfter)
    }

    private func fail(_ error: OpenAIError, retryAfterSeconds: Int? = nil) {
        let last = receiver
        receiver = nil
        last?.receiveFailure(GatewayRefusal(error, retryAfterSeconds: retryAfterSeconds))
    }

    /// The first choice's text of a whole answer.
    private static func text(of body: ByteBuffer) -> String? {
        do throws(JSONError) {
            let answer = try JSON(parsing: body.readableBytesUInt8Span)
            return answer["choices"]?.array?.first?["message"]?["content"]?.string
        } catch {
            return nil
        }
    }

    /// An engine's refusal in its own words.
    private static func error(_ status: Int, _ body: ByteBuffer) -> OpenAIError {
        var message = "The engine answered with status \(status)."
        do throws(JSONError) {
            let answer = try JSON(parsing: body.readableBytesUInt8Span)
            message = answer["error"]?["message"]?.string ?? answer["message"]?.string ?? message
        } catch {
            // No JSON: the status has to do.
        }
        return OpenAIError(status: max(400, status), type: "BadRequestError", message: message)
    }
}
