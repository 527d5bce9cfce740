import NIOCore
import QuireHTTP

/// One question to an instance, and its whole answer: bounded in bytes and in time.
///
/// Confined to the connections' event loop. Always answers exactly once, unless it is abandoned.
final class ProbeRequest: ResponseReceiver {
    /// A whole answer; `nil` for none (no connection, too late, too long, cut).
    typealias Answer = (status: Int, body: [UInt8])?

    private let bytesMax: Int
    private var answer: ((Answer) -> Void)?
    private var status = 0
    private var body: [UInt8] = []
    private var exchange: Exchange?
    private var limit: Scheduled<Void>?

    private init(bytesMax: Int, answer: @escaping (Answer) -> Void) {
        self.bytesMax = bytesMax
        self.answer = answer
    }

    var isUnderWay: Bool { answer != nil }

    /// Asks; the answer comes in a later turn of the loop, or at once.
    static func get(
        _ target: MonitoredUpstream,
        path: String,
        on connections: ServerConnections,
        within time: Duration,
        bytesMax: Int,
        answer: @escaping (Answer) -> Void
    ) -> ProbeRequest {
        let request = ProbeRequest(bytesMax: bytesMax, answer: answer)
        var head = ByteBuffer()
        head.writeRequestLine("GET", target: target.endpoint.prefix + path)
        head.writeField("host", target.endpoint.hostHeader ?? connections.address.authority)
        head.writeField("user-agent", "quire-gateway")
        if let key = target.apiKey { head.writeField("authorization", "Bearer \(key)") }
        head.writeHeadEnd()
        let nanoseconds = Int64(clamping: time.clampedNanoseconds)
        request.limit = connections.eventLoop.assumeIsolated().scheduleTask(
            in: .nanoseconds(nanoseconds)
        ) { request.exchange?.cancel(.timedOut("no whole answer in time")) }
        let exchange = connections.send(head, to: request)
        // It may be over already.
        if request.answer != nil { request.exchange = exchange }
        return request
    }

    /// Gives up without an answer.
    func abandon() {
        answer = nil
        exchange?.abandon()
        end()
    }

    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) { status = head.status }

    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
        guard bytes.readableBytes <= bytesMax - body.count else {
            exchange?.cancel(.malformed("the answer is longer than \(bytesMax) bytes"))
            return
        }
        body.append(contentsOf: bytes.readableBytesView)
    }

    func receiveEnd(at time: NIODeadline) { finish((status, body)) }

    func receiveFailure(_ error: ClientError, at time: NIODeadline) { finish(nil) }

    private func finish(_ result: Answer) {
        let last = answer
        end()
        last?(result)
    }

    /// Lets go of everything, so that no cycle keeps it.
    private func end() {
        answer = nil
        exchange = nil
        limit?.cancel()
        limit = nil
    }
}
