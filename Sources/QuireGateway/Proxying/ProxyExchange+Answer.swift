import NIOCore
import QuireHTTP
import QuireTelemetry

/// The upstream's answer on its way down.
extension ProxyExchange: ResponseReceiver {
    /// What is not passed on: what belongs to the connection, and what the listener writes itself.
    private static let droppedFields = HTTPFieldNames(
        HTTPFieldNames.hopByHop + ["date", "server", "x-request-id"]
    )

    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) {
        guard let attempt else { return }
        noteFirstByte(attempt, at: time)
        switch phase {
        case .sent:
            let outcome = Outcome(head)
            if outcome.asksForAnother, request.mayRepeat(after: outcome),
                attemptCount < policy.maxAttempts,
                tryAnother(instead: outcome)
            {
                return
            }
            relay(head)
        case .resuming(let continuation):
            receiveContinuation(head, continuation)
        case .waiting, .backingOff, .relaying, .over:
            break
        }
    }

    /// Sends to another upstream if one has room now, and drops this answer for it.
    private func tryAnother(instead outcome: Outcome) -> Bool {
        guard let attempt,
            loop.core.withFleet({ fleet, now in fleet.takeRetry(now: now) })
        else { return false }
        var other = pickRequest
        other.isRetry = true
        other.mayWait = false
        other.excluded.append(attempt.upstream)
        let request = other
        let pick = loop.core.withFleet { fleet, now in fleet.pick(request, now: now) }
        guard case .attempt(let next) = pick else { return false }
        // All say that they have too much to do: asking on would only add to it.
        if case .overloaded = outcome, loop.core.isOverloaded(next.upstream) {
            loop.core.grant { fleet, now in fleet.end(next, .cancelled, now: now) }
            return false
        }
        exchange?.abandon()
        endAttempt(outcome)
        pickRequest.isRetry = true
        if let reason = outcome.failure?.retryReason { loop.metrics.retried(reason) }
        send(next)
        return true
    }

    private func relay(_ head: HTTPResponseHead) {
        phase = .relaying
        status = head.status
        deadline = bounded(.now() + policy.limits.betweenBytes)
        outcome = Outcome(head)
        let isEvents = head.status == 200 && head.isEventStream
        if isEvents, request.isStream {
            relay = StreamRelay(wantsUsage: request.wantsUsage, keepsText: policy.resumes)
        }
        let length: Int? =
            switch head.framing {
            // What is read along may lose an event on the way.
            case .length(let count): relay == nil ? count : nil
            case .none: request.head.isHead ? nil : 0
            case .chunked, .untilClose: nil
            }
        let requestID = request.head.requestID
        stream.writeHead(status: head.status, contentLength: length) { output in
            output.writeFields(head.fields, except: Self.droppedFields)
            output.writeField("x-request-id", requestID)
        }
        stream.onWritable = {
            self.deadline = self.bounded(.now() + self.policy.limits.betweenBytes)
            self.exchange?.isReading = true
        }
    }

    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
        guard case .relaying = phase else { return }
        deadline = bounded(time + policy.limits.betweenBytes)
        upstreamMetrics.bytesDown.increment(by: bytes.readableBytes)
        if relay != nil {
            if let output = relay?.receive(bytes) { stream.write(output) }
            if relay?.hasDiverged == true {
                exchange?.abandon()
                repeatsLastWord = false
                attemptCount -= 1
                endAttempt(.cancelled)
                // It can go on as well as any other, only not from before the word.
                _ = pickRequest.excluded.popLast()
                return cut(.cancelled)
            }
        } else {
            if request.kind != .other { tail.append(bytes) }
            stream.write(bytes)
        }
        if !stream.isWritable {
            // A client that does not read is no fault of the upstream's; the listener bounds it.
            exchange?.isReading = false
            deadline = bounded(.distantFuture)
        }
    }

    func receivePause() {
        guard case .relaying = phase else { return }
        stream.flush()
    }

    func receiveEnd(at time: NIODeadline) {
        switch phase {
        case .relaying:
            if let relay, !relay.answer.isDone, !relay.answer.hasErrorEvent {
                // Ended as if all were well, without the end that the API promises.
                return cut(.cut)
            }
            finish()
        case .resuming:
            failedToResume(.cut)
        case .sent:
            failed(.malformed, .cut)
        case .waiting, .backingOff, .over:
            break
        }
    }

    /// The whole answer went down.
    func finish() {
        if var relay { stream.write(relay.finish()) }
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
        case (.resuming, .cannotConnect): failedToResume(.connectFailed)
        case (.resuming, _): failedToResume(.cut)
        case (.waiting, _), (.backingOff, _), (.over, _): break
        }
    }
}

extension HTTPResponseHead {
    /// Whether the body is server-sent events.
    var isEventStream: Bool {
        fields.first("content-type", hasPrefix: "text/event-stream")
    }
}
