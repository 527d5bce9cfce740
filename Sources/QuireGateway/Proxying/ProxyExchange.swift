import NIOCore
import QuireHTTP
import QuireOpenAI
import QuireTelemetry

/// One client request on its way through the gateway: waits for an upstream, sends, relays, retries.
///
/// Confined to its event loop. Each attempt holds a slot of the fleet until it is ended, and is ended
/// once, whatever happens. Nothing is retried after the first byte went down, but a stream that is
/// cut can be continued on another upstream (`ProxyExchange+Resume`).
///
///     tryOnce ──> waiting (queue) ──> sent ──> relaying ──> over
///        ^                             │          │
///        ├── backingOff <── failed ────┘          └── cut ──> resuming ──> relaying
///        └──────────────── failed, another is there
final class ProxyExchange {
    enum Phase {
        /// In the queue of a bulkhead.
        case waiting(Ticket)
        /// Between two attempts.
        case backingOff
        /// Sent; the answer's head has not come.
        case sent
        /// The head went down, and the body follows.
        case relaying
        /// A continuation of a cut stream was asked for; its head has not come.
        case resuming(Continuation)
        case over
    }

    /// Why there is no answer to relay.
    enum Failure {
        case none, connect, timeout, lost, malformed
    }

    // Internal, not private: the parts of this type are in several files.

    /// Place in the loop's list, -1 when not in it.
    var index = -1
    /// When `deadlinePassed` is called.
    var deadline = NIODeadline.distantFuture
    let loop: GatewayLoop
    let stream: any AnswerStream
    let request: ProxyRequest
    let policy: RequestPolicy
    var pickRequest: PickRequest
    let started = NIODeadline.now()
    var phase = Phase.backingOff
    var attempt: Attempt?
    var exchange: Exchange?
    var attemptCount = 0
    private var connectFailureCount = 0
    private var backOffCount = 0
    /// What the last failed attempt came to, for when there is no further one.
    var lastFailure = Failure.none
    /// What the answer that is being relayed says of its upstream.
    var outcome = Outcome.success
    /// Reads a streamed answer along; nil for others.
    var relay: StreamRelay?
    /// False once a last word that was asked for again came out otherwise.
    var repeatsLastWord = true
    /// Finds the usage at the end of a whole answer.
    var tail = AnswerTail()
    /// The series of the upstream that was asked last; those of none before that.
    var upstreamMetrics: UpstreamMetrics
    /// When the wait for a slot began.
    private var waitingSince: NIODeadline?
    /// When the attempt that is under way began.
    private var attemptStarted = NIODeadline.uptimeNanoseconds(0)
    /// What the client saw; 499, as nginx says, if it left before there was a head.
    var status = 499

    init(loop: GatewayLoop, stream: any AnswerStream, request: ProxyRequest, policy: RequestPolicy)
    {
        self.loop = loop
        self.stream = stream
        self.request = request
        self.policy = policy
        pickRequest = request.pick
        upstreamMetrics = loop.metrics.noUpstream
    }

    // MARK: - Attempts

    func begin() {
        loop.add(self)
        loop.metrics.arrived()
        stream.onDisconnect = { self.clientLeft() }
        tryOnce()
    }

    /// Picks an upstream and sends; or waits for one; or answers that there is none.
    func tryOnce() {
        switch loop.core.pick(pickRequest, for: NIOLoopBound(self, eventLoop: loop.eventLoop)) {
        case .attempt(let attempt):
            send(attempt)
        case .queued(let ticket):
            phase = .waiting(ticket)
            waitingSince = .now()
            loop.metrics.queueLength.add(1)
            deadline = bounded(.uptimeNanoseconds(ticket.deadline))
        case .refused(let refusal):
            if !backOff(refusal) { refuse(refusal) }
        }
    }

    /// The queue has a slot for this request.
    func granted(_ attempt: Attempt) {
        guard case .waiting = phase else {
            // The client left, or the time was up, while the word was on its way.
            return loop.core.grant { fleet, now in fleet.end(attempt, .cancelled, now: now) }
        }
        stopWaiting()
        send(attempt)
    }

    func send(_ attempt: Attempt) {
        phase = .sent
        send(attempt, body: request.edits(for: attempt).applied(to: request.body))
    }

    /// Sends a body to the upstream of an attempt.
    func send(_ attempt: Attempt, body: ByteBuffer) {
        self.attempt = attempt
        attemptCount += 1
        let now = NIODeadline.now()
        attemptStarted = now
        let route = loop.route(of: attempt, policy.connections)
        upstreamMetrics = route.metrics
        loop.metrics.began(upstream: route.metrics)
        route.metrics.bytesUp.increment(by: body.readableBytes)
        deadline = bounded(now + policy.limits.firstByte)
        let made = route.connections.send(
            head: request.head.head(to: route.target, bodyBytes: body.readableBytes),
            body: body,
            isHead: request.head.isHead,
            to: self
        )
        // A kept connection can fail in the very call, and another attempt be under way already.
        if self.attempt?.serial == attempt.serial { exchange = made }
    }

    /// The time, but no later than the whole request may take.
    func bounded(_ time: NIODeadline) -> NIODeadline {
        min(time, started + policy.limits.total)
    }

    /// Ends the attempt that is under way, if one is.
    func endAttempt(_ outcome: Outcome) {
        exchange = nil
        guard let attempt else { return }
        self.attempt = nil
        pickRequest.excluded.append(attempt.upstream)
        loop.metrics.ended(upstream: upstreamMetrics, failure: outcome.failure)
        if outcome.isSuspicious { loop.core.suspect(attempt.upstream) }
        loop.core.grant { fleet, now in fleet.end(attempt, outcome, now: now) }
    }

    /// The first byte of the answer to the attempt under way has come.
    func noteFirstByte(_ attempt: Attempt, at time: NIODeadline) {
        loop.core.withFleet { fleet, now in fleet.firstByte(attempt, now: now) }
        let nanoseconds = (time - attemptStarted).nanoseconds
        loop.metrics.firstByte(
            upstream: upstreamMetrics,
            afterSeconds: Double(max(0, nanoseconds)) / 1e9
        )
    }

    private func stopWaiting() {
        guard let waitingSince else { return }
        self.waitingSince = nil
        loop.metrics.queueLength.add(-1)
        let nanoseconds = (NIODeadline.now() - waitingSince).nanoseconds
        loop.metrics.waited(seconds: Double(nanoseconds) / 1e9)
    }

    // MARK: - Failure before the first byte

    /// An attempt failed before anything went down: tries again or says so.
    func failed(_ failure: Failure, _ outcome: Outcome) {
        endAttempt(outcome)
        lastFailure = failure
        guard mayTryAgain(failure) else { return answerFailure() }
        // Where nothing was sent it is no retry: it may go to whoever is left.
        if failure != .connect { pickRequest.isRetry = true }
        if let reason = outcome.failure?.retryReason { loop.metrics.retried(reason) }
        // Another upstream is asked at once; waiting is for when the same one is asked again.
        tryOnce()
    }

    private func mayTryAgain(_ failure: Failure) -> Bool {
        guard !isOutOfTime else { return false }
        // Where nothing was sent the try costs nobody anything; the pick ends when all were tried.
        if case .connect = failure {
            connectFailureCount += 1
            // It was no attempt at an answer.
            attemptCount -= 1
            return connectFailureCount < policy.maxConnectAttempts
        }
        // What may have been done must not be done twice.
        return request.isRepeatable && attemptCount < policy.maxAttempts
            && loop.core.withFleet { fleet, now in fleet.takeRetry(now: now) }
    }

    /// All were tried and none could be reached: waits a little and begins with all of them again,
    /// so that an engine that is being restarted costs time and not an error.
    private func backOff(_ refusal: Refusal) -> Bool {
        guard case .noneHealthy = refusal, case .connect = lastFailure,
            backOffCount < policy.maxAttempts - 1, !pickRequest.excluded.isEmpty
        else { return false }
        let retry = backOffCount
        backOffCount += 1
        let pause = loop.core.withFleet { fleet, _ in fleet.backoffNanoseconds(retry: retry) }
        phase = .backingOff
        deadline = bounded(.now() + .nanoseconds(Int64(clamping: pause)))
        return true
    }

    // MARK: - Answers of the gateway's own

    private func refuse(_ refusal: Refusal) {
        switch refusal {
        case .unknownModel:
            answer(.modelNotFound(pickRequest.model ?? ""))
        case .noneHealthy, .full:
            guard case .none = lastFailure else { return answerFailure() }
            let seconds = max(1, refusal.retryAfterSeconds ?? 1)
            answerLost(.unavailable(refusal.sentence, retryAfterSeconds: seconds))
        }
    }

    private func answerFailure() {
        switch lastFailure {
        case .timeout:
            answerLost(GatewayRefusal(.gatewayTimeout("No engine answered in time.")))
        case .connect:
            answerLost(.unavailable("No engine can be reached.", retryAfterSeconds: 1))
        case .none, .lost:
            let sentence = "The engine ended the connection before it had answered."
            answerLost(GatewayRefusal(.badGateway(sentence)))
        case .malformed:
            answerLost(GatewayRefusal(.badGateway("The engine's answer is not valid HTTP.")))
        }
    }

    /// Nobody can answer: the operator's own words if there are some, else an error.
    private func answerLost(_ refusal: GatewayRefusal) {
        guard let fallback = policy.fallback, let shape = request.fallbackShape else {
            return answer(refusal.error, retryAfterSeconds: refusal.retryAfterSeconds)
        }
        var body = ByteBuffer()
        FallbackAnswer.write(
            fallback.text(acceptLanguage: request.acceptLanguage),
            as: shape,
            id: (request.kind == .chat ? "chatcmpl-" : "cmpl-") + request.head.requestID,
            created: policy.unixTime,
            model: pickRequest.model ?? "",
            includeUsage: request.wantsUsage,
            into: &body
        )
        loop.metrics.fallbackAnswers.increment()
        let stream = stream
        status = 200
        over()
        stream.respond(status: 200, headers: [("content-type", shape.contentType)], body: body)
    }

    private func answer(_ error: OpenAIError, retryAfterSeconds: Int? = nil) {
        let stream = stream
        status = error.status
        over()
        stream.respond(GatewayRefusal(error, retryAfterSeconds: retryAfterSeconds))
    }

    // MARK: - Time limits and the client

    /// The loop's sweep found that the time is up.
    func deadlinePassed() {
        deadline = .distantFuture
        if isOutOfTime { return endOutOfTime() }
        switch phase {
        case .waiting(let ticket):
            // Granted in this moment: the word is on its way.
            guard loop.core.expire(ticket) else { return }
            stopWaiting()
            refuse(.full(retryAfterSeconds: 1))
        case .backingOff:
            pickRequest.excluded = []
            tryOnce()
        case .sent:
            exchange?.abandon()
            failed(.timeout, .timedOut)
        case .relaying, .resuming:
            exchange?.abandon()
            cut(.timedOut)
        case .over:
            break
        }
    }

    /// Whether the time of the whole request is up.
    var isOutOfTime: Bool { NIODeadline.now() >= started + policy.limits.total }

    /// The request has had its time: that says nothing about the upstream that it is at.
    private func endOutOfTime() {
        switch phase {
        case .waiting(let ticket):
            loop.core.cancel(ticket)
            stopWaiting()
            lastFailure = .timeout
            answerFailure()
        case .backingOff:
            lastFailure = .timeout
            answerFailure()
        case .sent:
            exchange?.abandon()
            endAttempt(.cancelled)
            lastFailure = .timeout
            answerFailure()
        case .relaying, .resuming:
            exchange?.abandon()
            cut(.cancelled)
        case .over:
            break
        }
    }

    private func clientLeft() {
        switch phase {
        case .waiting(let ticket):
            loop.core.cancel(ticket)
            stopWaiting()
        case .sent, .relaying, .resuming:
            // Closing the connection is what makes the engine stop.
            exchange?.abandon()
            endAttempt(.cancelled)
        case .backingOff, .over:
            break
        }
        over()
    }

    /// Lets go of everything; the stream is the caller's to end.
    func over() {
        phase = .over
        deadline = .distantFuture
        exchange = nil
        stream.onDisconnect = nil
        stream.onWritable = nil
        loop.remove(self)
        countRequest()
    }

    private func countRequest() {
        let usage = relay.map(\.answer.usage) ?? (request.kind == .other ? nil : tail.usage())
        let tokens = relay?.answer.completionTokens ?? usage?.completionTokens ?? 0
        let nanoseconds = (NIODeadline.now() - started).nanoseconds
        loop.metrics.ended(
            upstreamMetrics.route(loop.metrics.model(knownModel)),
            RequestSummary(
                status: status,
                durationSeconds: Double(nanoseconds) / 1e9,
                promptTokens: usage?.promptTokens ?? 0,
                completionTokens: tokens
            )
        )
    }

    /// The model if an upstream answered for it: names that clients make up get no series.
    private var knownModel: String? { status < 400 ? pickRequest.model : nil }
}
