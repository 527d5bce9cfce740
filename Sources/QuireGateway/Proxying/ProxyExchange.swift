import NIOCore
import QuireHTTP
import QuireOpenAI

/// One client request on its way through the gateway: waits for an upstream, sends, relays, retries.
///
/// Confined to its event loop. Each attempt holds a slot of the fleet until `end`; whatever happens,
/// an attempt is ended once. Nothing is retried after the first byte went down.
///
///     pick ──> waiting ──> sent ──> relaying ──> over
///       ^        (queue)     │
///       └── backing off <────┘  failed, and another attempt is allowed
final class ProxyExchange {
    private enum Phase {
        /// In the queue of a bulkhead.
        case waiting(Ticket)
        /// Between two attempts.
        case backingOff
        /// Sent; the answer's head has not come.
        case sent
        /// The head went down, and the body follows.
        case relaying
        case over
    }

    /// Place in the loop's list, -1 when not in it.
    var index = -1
    /// When `deadlinePassed` is called.
    private(set) var deadline = NIODeadline.distantFuture

    private let loop: GatewayLoop
    private let stream: HTTPStream
    private let request: UpstreamRequest
    private let policy: RequestPolicy
    private var body: ByteBuffer
    private var pickRequest: PickRequest
    private let started = NIODeadline.now()
    private var phase = Phase.backingOff
    private var attempt: Attempt?
    private var exchange: Exchange?
    private var attemptCount = 0
    /// What the answer that is being relayed says of its upstream.
    private var outcome = Outcome.success
    /// What the last failed attempt came to, for when there is no further one.
    private var lastFailure = Failure.none

    /// Why there is no answer to relay.
    private enum Failure {
        case none, connect, timeout, lost, malformed
    }

    init(
        loop: GatewayLoop,
        stream: HTTPStream,
        request: UpstreamRequest,
        body: ByteBuffer,
        pick: PickRequest,
        policy: RequestPolicy
    ) {
        self.loop = loop
        self.stream = stream
        self.request = request
        self.body = body
        self.policy = policy
        pickRequest = pick
    }

    // MARK: - Attempts

    func begin() {
        loop.add(self)
        stream.onDisconnect = { self.clientLeft() }
        tryOnce()
    }

    /// Picks an upstream and sends; or waits for one; or answers that there is none.
    private func tryOnce() {
        switch loop.core.pick(pickRequest, for: NIOLoopBound(self, eventLoop: loop.eventLoop)) {
        case .attempt(let attempt):
            send(attempt)
        case .queued(let ticket):
            phase = .waiting(ticket)
            deadline = .uptimeNanoseconds(ticket.deadline)
        case .refused(let refusal):
            refuse(refusal)
        }
    }

    /// The queue has a slot for this request.
    func granted(_ attempt: Attempt) {
        guard case .waiting = phase else {
            // The client left, or the time was up, while the word was on its way.
            return loop.core.grant { fleet, now in fleet.end(attempt, .cancelled, now: now) }
        }
        send(attempt)
    }

    private func send(_ attempt: Attempt) {
        let upstream = loop.core.withFleet { fleet, _ in fleet.configuration(of: attempt.upstream) }
        guard let upstream else {
            // Removed by a reload since it was picked.
            finishAttempt(attempt, .cancelled)
            return tryOnce()
        }
        self.attempt = attempt
        attemptCount += 1
        phase = .sent
        let connections = loop.connections(
            to: upstream.endpoint.address,
            connectTimeout: policy.limits.connect
        )
        deadline = bounded(.now() + policy.limits.firstByte)
        let made = connections.send(
            head: request.head(to: upstream, bodyBytes: body.readableBytes),
            body: body,
            isHead: request.isHead,
            to: self
        )
        // A kept connection can fail in the very call, and another attempt be under way already.
        if case .sent = phase, self.attempt?.serial == attempt.serial { exchange = made }
    }

    private func bounded(_ time: NIODeadline) -> NIODeadline {
        min(time, started + policy.limits.total)
    }

    private func finishAttempt(_ attempt: Attempt, _ outcome: Outcome) {
        loop.core.grant { fleet, now in fleet.end(attempt, outcome, now: now) }
    }

    /// Ends the attempt that is under way, if one is.
    private func endAttempt(_ outcome: Outcome) {
        exchange = nil
        guard let attempt else { return }
        self.attempt = nil
        pickRequest.excluded.append(attempt.upstream)
        finishAttempt(attempt, outcome)
    }

    // MARK: - Failure before the first byte

    /// An attempt failed before anything went down: tries again or says so.
    private func failed(_ failure: Failure, _ outcome: Outcome) {
        endAttempt(outcome)
        lastFailure = failure
        guard attemptCount < policy.maxAttempts, mayRetry(failure) else { return answerFailure() }
        pickRequest.isRetry = true
        // Another upstream is asked at once: waiting is for when the same one is asked again.
        tryOnce()
    }

    /// Where nothing was sent the try costs nobody anything; else the budget decides.
    private func mayRetry(_ failure: Failure) -> Bool {
        if case .connect = failure { return true }
        return loop.core.withFleet { fleet, now in fleet.takeRetry(now: now) }
    }

    private func refuse(_ refusal: Refusal) {
        switch refusal {
        case .unknownModel:
            answer(.modelNotFound(pickRequest.model ?? ""))
        case .noneHealthy, .full:
            guard case .none = lastFailure else { return answerFailure() }
            answer(.serviceUnavailable(refusal.sentence), retryAfter: refusal.retryAfterSeconds)
        }
    }

    private func answerFailure() {
        switch lastFailure {
        case .timeout:
            answer(
                OpenAIError(
                    status: 504,
                    type: "GatewayTimeoutError",
                    message: "No engine answered in time."
                )
            )
        case .connect:
            answer(.serviceUnavailable("No engine can be reached."), retryAfter: 1)
        case .none, .lost, .malformed:
            answer(
                OpenAIError(
                    status: 502,
                    type: "BadGatewayError",
                    message: "The engine ended the connection before it had answered."
                )
            )
        }
    }

    private func answer(_ error: OpenAIError, retryAfter: Int? = nil) {
        let stream = stream
        over()
        var headers = [("content-type", "application/json")]
        if let retryAfter { headers.append(("retry-after", "\(retryAfter)")) }
        var body = ByteBuffer()
        error.writeBody(into: &body)
        stream.respond(status: error.status, headers: headers, body: body)
    }

    // MARK: - Time limits and the client

    /// The loop's sweep found that the time is up.
    func deadlinePassed(_ now: NIODeadline) {
        deadline = .distantFuture
        switch phase {
        case .waiting(let ticket):
            // Granted in this moment: the word is on its way.
            guard loop.core.expire(ticket) else { return }
            refuse(.full(retryAfterSeconds: 1))
        case .sent:
            exchange?.abandon()
            failed(.timeout, .timedOut)
        case .relaying:
            exchange?.abandon()
            cut(.timedOut)
        case .backingOff, .over:
            break
        }
    }

    private func clientLeft() {
        switch phase {
        case .waiting(let ticket):
            loop.core.cancel(ticket)
        case .sent, .relaying:
            // Closing the connection is what makes the engine stop.
            exchange?.abandon()
            endAttempt(.cancelled)
        case .backingOff, .over:
            break
        }
        over()
    }

    private func over() {
        phase = .over
        deadline = .distantFuture
        exchange = nil
        stream.onDisconnect = nil
        stream.onWritable = nil
        loop.remove(self)
    }

    /// The upstream's answer ended too early, after its head went down.
    private func cut(_ outcome: Outcome) {
        endAttempt(outcome)
        let stream = stream
        over()
        stream.abort()
    }
}

// MARK: - The answer

extension ProxyExchange: ResponseReceiver {
    private static let droppedFields = HTTPFieldNames(
        HTTPFieldNames.hopByHop + ["date", "server"]
    )

    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) {
        guard let attempt, case .sent = phase else { return }
        loop.core.withFleet { fleet, now in fleet.firstByte(attempt, now: now) }
        let outcome = Outcome(head)
        if outcome.asksForAnother, attemptCount < policy.maxAttempts,
            let next = another(after: outcome)
        {
            return send(next)
        }
        relay(head)
    }

    /// Another upstream's slot, if the answer of this one may be dropped for it.
    private func another(after outcome: Outcome) -> Attempt? {
        guard loop.core.withFleet({ fleet, now in fleet.takeRetry(now: now) }) else { return nil }
        pickRequest.isRetry = true
        if let attempt { pickRequest.excluded.append(attempt.upstream) }
        let request = pickRequest
        let pick = loop.core.withFleet { fleet, now in fleet.pick(request, now: now) }
        switch pick {
        case .attempt(let next):
            exchange?.abandon()
            endAttempt(outcome)
            return next
        case .queued(let ticket):
            loop.core.cancel(ticket)
            return nil
        case .refused:
            return nil
        }
    }

    private func relay(_ head: HTTPResponseHead) {
        phase = .relaying
        deadline = bounded(.now() + policy.limits.betweenBytes)
        let length: Int? =
            switch head.framing {
            case .length(let count): count
            case .none: request.isHead ? nil : 0
            case .chunked, .untilClose: nil
            }
        stream.writeHead(status: head.status, contentLength: length) { output in
            output.writeFields(head.fields, except: Self.droppedFields)
        }
        stream.onWritable = { self.exchange?.isReading = true }
        outcome = Outcome(head)
    }

    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
        guard case .relaying = phase else { return }
        deadline = bounded(time + policy.limits.betweenBytes)
        stream.write(bytes)
        if !stream.isWritable { exchange?.isReading = false }
    }

    func receivePause() {
        guard case .relaying = phase else { return }
        stream.flush()
    }

    func receiveEnd(at time: NIODeadline) {
        guard case .relaying = phase else { return }
        endAttempt(outcome)
        let stream = stream
        over()
        stream.end()
    }

    func receiveFailure(_ error: ClientError, at time: NIODeadline) {
        switch (phase, error) {
        case (.sent, .cannotConnect): failed(.connect, .connectFailed)
        case (.sent, .malformed): failed(.malformed, .cut)
        case (.sent, _): failed(.lost, .cut)
        case (.relaying, _): cut(.cut)
        default: break
        }
    }
}
