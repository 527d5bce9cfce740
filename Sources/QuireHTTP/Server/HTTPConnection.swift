import NIOCore

/// One client's connection: reads requests one after another and gives each to the responder.
///
/// Confined to its event loop. Requests are answered in order: while one is being answered, bytes
/// of the next are taken up to a bound and wait. Reading goes on meanwhile, so that a client who
/// leaves is noticed at once; a client that closes its sending side counts as one who left, which
/// is what proxies do, and what lets generation stop for nobody.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        case open
        /// The last answer is on its way; nothing is read for its sake any more.
        case closing
        /// All is sent; input is thrown away so that a reset does not eat the answer.
        case lingering
        case closed
    }

    enum Waiting {
        case nothing, request, head, body, writing, linger
    }

    // Internal on purpose: HTTPStream works on these, and `package` would cost a check per access.
    let loop: HTTPLoop
    var context: ChannelHandlerContext?
    var state = State.open
    /// What was written and not yet handed to the channel.
    var output = ByteBuffer()
    var isWritable = true
    /// While true, flushing is left to the end of the batch.
    var isBatching = false
    var stream: HTTPStream?
    /// Place in the loop's list, -1 when not in it.
    var index = -1
    /// The loop's tick at which `deadlinePassed` is called.
    var deadline = Int.max

    private var parser: HTTPRequestParser
    private var head: HTTPRequestHead?
    /// The answer that waits for the end of a request that was turned away.
    private var refusal: HTTPRefusal?
    private var body = ByteBuffer()
    private var waiting = Waiting.nothing
    /// Bytes that the channel was ever given.
    private var handedBytes = 0
    /// How many of them the socket had taken when the wait for a reader began.
    private var takenBytesAtWait = 0
    private var isReading = false
    /// Whether `process` is running: it goes on by itself, and must not be entered again.
    private var isProcessing = false
    /// Whether the channel holds writes that it was not yet told to flush.
    private var hasUnflushedWrites = false
    private var isFlushing = false
    /// Bytes of the body since its time limit was last set anew.
    private var bodyProgressBytes = 0
    /// Bytes of the body that the server's sum has.
    private var countedBodyBytes = 0
    private var lingers = false
    private var lingeredBytes = 0

    /// What a refused client may still send before it is cut.
    private static let maxLingeredBytes = 64 << 20
    /// How long a connection is kept whose client could not know that the server closes.
    private static let farewellTime = TimeAmount.seconds(1)
    /// An output buffer above this is not kept for the next write.
    private static let maxKeptBytes = 16 << 10

    init(loop: HTTPLoop) {
        self.loop = loop
        parser = HTTPRequestParser(limits: loop.configuration.limits)
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard state != .closed, index >= 0 else { return }
        state = .closed
        loop.counts.removeConnection()
        loop.remove(self)
        uncountBody()
        parser.discard()
        output = ByteBuffer()
        body = ByteBuffer()
        head = nil
        let stream = stream
        self.stream = nil
        stream?.clientLeft()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        switch state {
        case .open:
            parser.append(bytes)
            if stream == nil { process() }
        case .lingering, .closing:
            lingeredBytes += bytes.readableBytes
            if lingeredBytes > Self.maxLingeredBytes { abort() }
        case .closed:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        readIfWanted()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        // A flush that is under way goes on by itself, and so does what called it.
        guard isWritable, state == .open, !isFlushing, !isBatching else { return }
        flush(wasFull: true)
        if stream == nil { process() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .outputClosed? = event as? ChannelEvent {
            if lingers {
                state = .lingering
                wait(.linger)
                readIfWanted()
            } else {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset or a failed write: the client is gone, which channelInactive reports.
        context.close(promise: nil)
    }

    // MARK: - Life

    private func start() {
        guard index < 0, state == .open else { return }
        loop.add(self)
        let isOneTooMany = loop.counts.addConnection() > loop.configuration.maxConnections
        if isOneTooMany {
            refuse(503, "The server has too many connections.")
        } else if loop.phase == .closing {
            abort()
        } else {
            wait(.request)
            readIfWanted()
        }
    }

    /// Closes at once if no request has begun; else after the answer.
    func drain() {
        guard state == .open else { return }
        if let stream {
            stream.keepsAlive = false
        } else if head == nil, parser.isBetweenRequests {
            closeAfterOutput(lingering: false)
        }
    }

    /// Closes without sending what waits.
    func abort() {
        context?.close(promise: nil)
    }

    /// Sends what waits, then closes.
    private func closeAfterOutput(lingering: Bool) {
        guard state == .open else { return }
        state = .closing
        lingers = lingering || parser.bufferedBytes > 0
        parser.discard()
        head = nil
        body = ByteBuffer()
        uncountBody()
        handOverOutput()
        guard state == .closing else { return }
        wait(.writing)
        // What is still in the channel is sent before that takes effect.
        context?.close(mode: .output, promise: nil)
    }

    // MARK: - Requests

    /// Reads requests out of what was received until one has to be waited for.
    ///
    /// Their answers go out together. An answer that fills the channel is flushed before the next
    /// request is looked at; that is a loop and not a recursion, whose depth clients would choose.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        if isFull { flushOutput() }
        while readBatch() { flushOutput() }
        isProcessing = false
        flushOutput()
        if state == .open {
            waitForInput()
            readIfWanted()
        }
    }

    private var canRead: Bool { stream == nil && state == .open && !isFull }

    /// Takes events until there is no more, or something has to be sent first; whether it took any.
    private func readBatch() -> Bool {
        var hasRead = false
        isBatching = true
        while canRead {
            do throws(HTTPParseError) {
                guard try step() else { break }
            } catch {
                refuse(error.status, error.sentence)
            }
            hasRead = true
        }
        isBatching = false
        return hasRead
    }

    /// Takes one event from the parser; whether there was one.
    private func step() throws(HTTPParseError) -> Bool {
        switch try parser.next() {
        case .needMore:
            return false
        case .head(let head):
            begin(head)
        case .body(let bytes):
            let together = loop.counts.addBodyBytes(bytes.readableBytes)
            countedBodyBytes += bytes.readableBytes
            if together > loop.configuration.maxBodyBytesTogether {
                refuse(503, "The server is receiving too many large requests.")
                return true
            }
            bodyProgressBytes += bytes.readableBytes
            if bodyProgressBytes >= loop.configuration.bodyProgressBytes {
                bodyProgressBytes = 0
                waiting = .nothing
            }
            if body.readableBytes == 0 {
                body = bytes
            } else {
                body.writeImmutableBuffer(bytes)
            }
        case .end:
            respond()
        }
        return true
    }

    /// Decides at a head whether it is let in, and asks for the body where a client waits for that.
    private func begin(_ head: HTTPRequestHead) {
        body = ByteBuffer()
        bodyProgressBytes = 0
        waiting = .nothing
        let bodyIsHere =
            switch head.framing {
            case .none: true
            case .length(let count): count <= parser.bufferedBytes
            case .chunked, .untilClose: false
            }
        refusal = loop.responder.admit(head)
        if let refusal, !bodyIsHere {
            refuse(refusal)
            return
        }
        self.head = head
        if head.expectsContinue, !bodyIsHere, parser.bufferedBytes == 0 {
            output.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        }
    }

    private func respond() {
        // Moved, not copied: a head holds two references.
        guard let head = head.take() else { return }
        uncountBody()
        let request = HTTPRequest(head: head, body: body)
        body = ByteBuffer()
        waiting = .nothing
        deadline = Int.max
        let stream = HTTPStream(
            connection: self,
            isHead: head.method == .head,
            minorVersion: head.minorVersion,
            keepsAlive: head.keepsAlive && loop.phase == .serving
        )
        self.stream = stream
        if let refusal {
            self.refusal = nil
            stream.respond(
                status: refusal.status,
                headers: refusal.headers,
                body: refusal.body
            )
        } else {
            loop.responder.respond(to: request, on: stream)
        }
    }

    private func uncountBody() {
        guard countedBodyBytes > 0 else { return }
        loop.counts.removeBodyBytes(countedBodyBytes)
        countedBodyBytes = 0
    }

    /// The stream has written all of its response.
    func finished(_ stream: HTTPStream) {
        self.stream = nil
        // A client whose answer did not say `close` may have sent its next request already: while the
        // server closes, that one is still answered, with the word that it is the last.
        if !stream.keepsAlive {
            closeAfterOutput(lingering: false)
        } else if !isProcessing {
            process()
        }
    }

    /// Answers what cannot be served, and closes.
    private func refuse(_ status: Int, _ sentence: String) {
        let error = loop.configuration.errorBody(status, sentence)
        var headers = [("content-type", error.contentType)]
        if status == 503 { headers.append(("retry-after", "1")) }
        refuse(HTTPRefusal(status: status, headers: headers, body: error.bytes))
    }

    private func refuse(_ refusal: HTTPRefusal) {
        output.writeStatusLine(refusal.status)
        for (name, value) in refusal.headers { output.writeField(name, value) }
        ResponseHeadEnd(framing: .length(refusal.body.readableBytes), closes: true)
            .write(into: &output, dateLines: loop.dateLines())
        output.writeImmutableBuffer(refusal.body)
        closeAfterOutput(lingering: true)
    }

    // MARK: - Reading

    private var wantsInput: Bool {
        switch state {
        case .open:
            // While a request is answered, reading goes on to see the client leave.
            stream == nil
                ? isWritable : parser.bufferedBytes < loop.configuration.maxPipelinedBytes
        case .lingering: true
        case .closing, .closed: false
        }
    }

    private func readIfWanted() {
        guard !isReading, wantsInput, let context else { return }
        isReading = true
        context.read()
    }

    // MARK: - Writing

    /// Hands what was written to the channel, in one write, unless it is full.
    ///
    /// What a full channel does not take waits here and goes out in one piece when it has drained.
    func flushOutput() { flush(wasFull: isFull) }

    /// Whether so much waits, here or in the channel, that writers should wait too.
    var isFull: Bool {
        !isWritable || output.readableBytes >= loop.configuration.maxWriteBufferBytes
    }

    /// Flushes; a stream that could see that there was no room is told if there is now.
    private func flush(wasFull: Bool) {
        guard !isBatching, !isFlushing else { return }
        isFlushing = true
        if !isWritable { flushChannel() }
        if isWritable { handOverOutput() }
        isFlushing = false
        guard state == .open else { return }
        if !isWritable {
            if waiting != .writing { wait(.writing) }
        } else if waiting == .writing {
            wait(.nothing)
        }
        if wasFull, !isFull { stream?.becameWritable() }
    }

    /// Gives the channel everything, full or not, and has it sent.
    private func handOverOutput() {
        guard let context else { return }
        guard output.readableBytes > 0 else { return flushChannel() }
        // Taken out first: the write can call back into this connection.
        var bytes = output
        output = ByteBuffer()
        hasUnflushedWrites = false
        handedBytes &+= bytes.readableBytes
        // `wrapOutboundOut` is the same, but not specialized: 450 instructions per write.
        context.writeAndFlush(NIOAny(bytes), promise: nil)
        guard output.readableBytes == 0, bytes.capacity <= Self.maxKeptBytes else { return }
        // Mostly the socket has taken all at once and the storage is ours again: no new one then.
        if bytes.modifyIfUniquelyOwned({ $0.clear() }) != nil { output = bytes }
    }

    private func flushChannel() {
        guard hasUnflushedWrites, let context else { return }
        hasUnflushedWrites = false
        context.flush()
    }

    /// Hands over what was written and then `bytes` without copying them, and does not flush.
    func writeThrough(_ bytes: ByteBuffer) {
        guard let context else { return }
        if output.readableBytes > 0 {
            let before = output
            output = ByteBuffer()
            handedBytes &+= before.readableBytes
            context.write(NIOAny(before), promise: nil)
        }
        handedBytes &+= bytes.readableBytes
        hasUnflushedWrites = true
        context.write(NIOAny(bytes), promise: nil)
    }

    /// Bytes that the socket has not taken.
    ///
    /// A writable channel holds less than its bound and is counted as empty, which saves asking it.
    var pendingBytes: Int {
        guard !isWritable else { return output.readableBytes }
        return output.readableBytes + channelBytes
    }

    /// Bytes that the channel holds; asking costs some thousand instructions.
    private var channelBytes: Int {
        let options = context?.channel.syncOptions
        let buffered = options.flatMap { try? $0.getOption(.bufferedWritableBytes) }
        return buffered ?? (isWritable ? 0 : loop.configuration.maxWriteBufferBytes)
    }

    /// Bytes that the socket has taken.
    private var takenBytes: Int { handedBytes &- channelBytes }

    // MARK: - Time limits

    private func waitForInput() {
        guard stream == nil else { return }
        guard isWritable else { return wait(.writing) }
        if head != nil {
            if waiting != .body { wait(.body) }
        } else if parser.isBetweenRequests {
            if waiting != .request { wait(.request) }
        } else if waiting != .head {
            // Not set anew by further bytes: the whole head has to come in time.
            wait(.head)
        }
    }

    private func wait(_ waiting: Waiting) {
        self.waiting = waiting
        let time: TimeAmount
        switch waiting {
        case .nothing:
            deadline = Int.max
            return
        case .request:
            time = loop.phase == .closing ? Self.farewellTime : loop.configuration.idleTimeout
        case .head: time = loop.configuration.headerTimeout
        case .body: time = loop.configuration.bodyTimeout
        case .writing:
            time = loop.configuration.writeTimeout
            takenBytesAtWait = takenBytes
        case .linger: time = loop.configuration.lingerTimeout
        }
        deadline = loop.tick + loop.ticks(time)
    }

    /// The loop's tick has reached `deadline`.
    func deadlinePassed() {
        deadline = Int.max
        switch waiting {
        case .nothing: break
        case .request: closeAfterOutput(lingering: false)
        case .head: refuse(408, "The request head took too long.")
        case .body: refuse(408, "The request body took too long.")
        case .writing:
            // A client that reads slowly is not one that does not read.
            if takenBytes == takenBytesAtWait { abort() } else { wait(.writing) }
        case .linger: abort()
        }
    }
}
