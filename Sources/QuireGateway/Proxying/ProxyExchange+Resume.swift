import NIOCore
import QuireHTTP
import QuireOpenAI
import QuireTelemetry

/// What becomes of an answer that is cut after its head went down.
extension ProxyExchange {
    /// The upstream's answer ended too early.
    func cut(_ outcome: Outcome) {
        if relay?.answer.isDone == true {
            // All was said; how the connection ended after that is between us and the upstream.
            return finish()
        }
        endAttempt(outcome)
        guard relay != nil else {
            // Half of a whole answer: only a broken connection says so.
            let stream = stream
            over()
            return stream.abort()
        }
        resume()
    }

    /// A continuation failed before its first byte.
    func failedToResume(_ outcome: Outcome) {
        exchange?.abandon()
        endAttempt(outcome)
        resume()
    }

    /// Asks another upstream to go on where the text ends, or ends the stream with an error.
    private func resume() {
        guard let scan = request.scan, let relay else { return endWithError() }
        if relay.answer.isComplete {
            // Only the stream's own end is missing.
            return complete(with: ByteBuffer(staticString: "data: [DONE]\n\n"))
        }
        guard policy.resumes, !isOutOfTime else { return endWithError() }
        var options = policy.resumeOptions
        options.repeatsLastWord = repeatsLastWord
        while attemptCount < policy.maxAttempts, let attempt = nextResumable() {
            let plan = ResumePlan.make(
                body: request.body,
                scan: scan,
                edits: request.edits(for: attempt),
                answer: relay.answer,
                wantsUsage: request.wantsUsage,
                options: options
            )
            switch plan {
            case .request(let pieces, let continuation):
                var body = ByteBuffer()
                for piece in pieces { body.writeImmutableBuffer(piece) }
                phase = .resuming(continuation)
                return send(attempt, body: body)
            case .complete(let events):
                loop.core.grant { fleet, now in fleet.end(attempt, .cancelled, now: now) }
                return complete(with: events)
            case .impossible:
                loop.core.grant { fleet, now in fleet.end(attempt, .cancelled, now: now) }
                return endWithError()
            }
        }
        endWithError()
    }

    /// A slot of an upstream that can continue a text; the retry budget allows it.
    private func nextResumable() -> Attempt? {
        pickRequest.isRetry = true
        pickRequest.mayWait = false
        // Half an answer of one model is not finished by another.
        pickRequest.mayFallBack = false
        guard loop.core.withFleet({ fleet, now in fleet.takeRetry(now: now) }) else { return nil }
        // Bounded by the upstreams: each that cannot is excluded.
        while true {
            let request = pickRequest
            let pick = loop.core.withFleet { fleet, now in fleet.pick(request, now: now) }
            guard case .attempt(let attempt) = pick else { return nil }
            if loop.core.canResume(attempt.upstream) { return attempt }
            pickRequest.excluded.append(attempt.upstream)
            loop.core.grant { fleet, now in fleet.end(attempt, .cancelled, now: now) }
        }
    }

    /// The head of a continuation's answer.
    func receiveContinuation(_ head: HTTPResponseHead, _ continuation: Continuation) {
        guard head.status == 200, head.isEventStream else { return failedToResume(Outcome(head)) }
        relay?.beginContinuation(continuation)
        loop.metrics.resumedStreams.increment()
        phase = .relaying
        outcome = Outcome(head)
        deadline = bounded(.now() + policy.limits.betweenBytes)
    }

    /// Only the stream's own end was missing.
    private func complete(with events: ByteBuffer) {
        let stream = stream
        over()
        stream.write(events)
        stream.end()
    }

    /// The client has all that came; it is told that this is not all, and no `[DONE]` follows.
    private func endWithError() {
        loop.metrics.unresumedStreams.increment()
        let stream = stream
        let isRaw = relay.map { $0.answer.obstacles.contains(.unreadable) } ?? false
        over()
        var event = ByteBuffer()
        ErrorEvent.write(
            .badGateway("The engine broke off before the answer was whole."),
            closesOpenEvent: isRaw,
            into: &event
        )
        stream.write(event)
        stream.end()
    }
}
