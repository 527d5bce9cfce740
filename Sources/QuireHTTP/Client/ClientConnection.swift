import NIOCore

/// One connection to a server: sends a request, gives out its response, and is then free again.
///
/// Confined to its event loop; the loop of its `ServerConnections`.
final class ClientConnection: ChannelInboundHandler, @unchecked Sendable {
    // Sendable by confinement: made and used on one event loop only, see `ServerConnections`.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let pool: ServerConnections
    private var parser: HTTPResponseParser
    private var exchange: Exchange?
    private var context: ChannelHandlerContext?
    private var keepsAlive = false
    private var hasReceived = false
    private var exchangeCount = 0
    private var sentAt = NIODeadline.uptimeNanoseconds(0)
    /// Whether the channel was told not to read.
    private var isPaused = false
    /// When it became free.
    private(set) var freeSince = NIODeadline.uptimeNanoseconds(0)

    /// How long after a request a closing connection may not have seen it.
    private static let raceTime = TimeAmount.milliseconds(50)

    init(pool: ServerConnections, first: Exchange) {
        self.pool = pool
        var limits = HTTPLimits()
        // A long stream is a large body that is never held.
        limits.bodyBytes = 1 << 40
        parser = HTTPResponseParser(limits: limits)
        exchange = first
    }

    // MARK: - Use

    /// Sends the next request; the connection must be free.
    func begin(_ next: Exchange) {
        exchange = next
        sendRequest()
    }

    func close() { context?.close(promise: nil) }

    func setReading(_ isReading: Bool) {
        guard let context, isPaused == isReading else { return }
        isPaused = !isReading
        context.channel.setOption(.autoRead, value: isReading).whenFailure { _ in
            // Only a closed channel refuses, and it has nothing to read.
        }
    }

    private func sendRequest() {
        guard let context, let exchange else { return }
        guard exchange.receiver != nil else {
            // Cancelled while the connection was being made.
            self.exchange = nil
            return context.close(promise: nil)
        }
        exchange.connection = self
        exchangeCount += 1
        sentAt = .now()
        hasReceived = false
        parser.answersHead = exchange.isHead
        setReading(exchange.isReading)
        if exchange.body.readableBytes == 0 {
            context.writeAndFlush(NIOAny(exchange.head), promise: nil)
        } else {
            context.write(NIOAny(exchange.head), promise: nil)
            context.writeAndFlush(NIOAny(exchange.body), promise: nil)
        }
    }

    // MARK: - Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { sendRequest() }
    }

    func channelActive(context: ChannelHandlerContext) { sendRequest() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard exchange != nil else {
            // Nothing was asked: whatever this is would be taken for the next answer.
            return context.close(promise: nil)
        }
        hasReceived = true
        parser.append(Self.unwrapInboundIn(data))
        do throws(HTTPParseError) {
            try giveOut(at: .now())
        } catch {
            fail(.malformed(error.sentence))
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.receiver?.receivePause()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        pool.forget(self)
        guard exchange != nil else { return }
        if let end = try? parser.endOfInput(), case .end = end {
            takeExchange()?.end()
        } else {
            lose("the server closed it")
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lose(ServerConnections.reason(error))
        context.close(promise: nil)
    }

    private func giveOut(at time: NIODeadline) throws(HTTPParseError) {
        while let exchange {
            switch try parser.next() {
            case .needMore: return
            case .head(let head):
                guard !head.isInformational else { continue }
                keepsAlive = head.keepsAlive
                exchange.receiver?.receiveHead(head, at: time)
            case .body(let bytes): exchange.receiver?.receiveBody(bytes, at: time)
            case .end: finish()
            }
        }
    }

    /// The connection is free before the receiver hears of the end, so that what it sends next
    /// finds it.
    private func finish() {
        let finished = takeExchange()
        if keepsAlive, parser.isBetweenResponses {
            setReading(true)
            freeSince = .now()
            pool.keep(self)
        } else {
            close()
        }
        finished?.end()
    }

    private func lose(_ reason: String) {
        fail(
            .connectionLost(
                hasReceived ? "\(reason) inside the response" : "\(reason) before a response",
                inResponse: hasReceived
            )
        )
    }

    private func fail(_ error: ClientError) {
        let failed = takeExchange()
        guard let failed else { return }
        // A server may close a kept connection just when the next request is on its way. Later than
        // that it has read the request, and may have begun to do what it says.
        let isRace = NIODeadline.now() < sentAt + Self.raceTime
        if !hasReceived, exchangeCount > 1, isRace, !failed.isSecondTry, failed.receiver != nil {
            failed.isSecondTry = true
            pool.dial(failed)
        } else {
            failed.fail(error)
        }
    }

    private func takeExchange() -> Exchange? {
        let taken = exchange
        exchange = nil
        taken?.connection = nil
        return taken
    }
}
