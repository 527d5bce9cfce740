import QuireKernels

extension Scheduler {
    /// Takes the step's outcomes: tokens are appended, blocks named, requests ended.
    ///
    /// Of each request that a token ends, the `.finished` event directly follows its `.token`.
    mutating func update(
        _ plan: StepPlan,
        _ result: StepResult,
        now: UInt64,
        into outputs: inout StepOutputs
    ) {
        precondition(result.outcomes.count == plan.samples.count, "one outcome per sample")
        measurements.computedTokens += plan.batch.rowCount
        var outcomeIndex = 0
        var hasFinished = false
        for share in shares {
            let end = outcomeIndex + share.promptSampleCount + (share.samplesNext ? 1 : 0)
            let outcomes = result.outcomes[outcomeIndex..<end]
            outcomeIndex = end
            if let reason = take(outcomes, of: share, now: now, into: &outputs) {
                finish(share.request, reason, now: now, into: &outputs)
                hasFinished = true
            }
        }
        if hasFinished { running.removeAll { $0.hasEnded } }
        shares.removeAll(keepingCapacity: true)
    }

    /// The step failed: the requests in it end with an error, all others go on.
    mutating func fail(_ error: StepError, now: UInt64, into outputs: inout StepOutputs) {
        for share in shares {
            finish(share.request, .error(error.description), now: now, into: &outputs)
        }
        running.removeAll { $0.hasEnded }
        shares.removeAll(keepingCapacity: true)
    }

    /// Applies one request's outcomes; returns why it ends, if it does.
    private mutating func take(
        _ outcomes: ArraySlice<StepResult.Outcome>,
        of share: Share,
        now: UInt64,
        into outputs: inout StepOutputs
    ) -> FinishReason? {
        let request = share.request
        var outcomes = outcomes
        if share.promptSampleCount > 0 {
            var logprobs: [TokenLogprobs] = []
            for _ in 0..<share.promptSampleCount {
                switch outcomes.removeFirst() {
                case .token(_, let token?): logprobs.append(token)
                case .token(_, nil): return .error("the executor reported no prompt logprobs")
                case .unservable(let message): return .unservable(message)
                case .fault(let message): return .error(message)
                }
            }
            request.promptLogprobsCount += share.promptSampleCount
            outputs.append(.promptLogprobs(logprobs), for: request.address)
        }
        guard share.samplesNext, let outcome = outcomes.first else {
            request.computedCount += share.rowCount
            cache.nameFullBlocks(of: request)
            return nil
        }
        switch outcome {
        case .unservable(let message): return .unservable(message)
        case .fault(let message): return .error(message)
        case .token(let token, let logprobs):
            request.computedCount += share.rowCount
            cache.nameFullBlocks(of: request)
            noteToken(of: request, now)
            outputs.append(.token(token, logprobs: logprobs), for: request.address)
            return request.append(token)
        }
    }

    private mutating func noteToken(of request: ScheduledRequest, _ now: UInt64) {
        if let last = request.timeline.lastTokenNanoseconds {
            measurements.tokenIntervals.append(now - min(now, last))
        } else {
            request.timeline.firstTokenNanoseconds = now
            measurements.promptTokens += request.promptCount
            let arrival = request.timeline.arrivalNanoseconds
            measurements.firstTokenLatencies.append(now - min(now, arrival))
        }
        request.timeline.lastTokenNanoseconds = now
        measurements.generatedTokens += 1
    }

    /// Releases a request and says that it has ended; it is still in `running` or `waiting`.
    mutating func finish(
        _ request: ScheduledRequest,
        _ reason: FinishReason,
        now: UInt64,
        into outputs: inout StepOutputs
    ) {
        precondition(!request.hasEnded, "a request ends once")
        request.hasEnded = true
        if case .error = reason {
            // Whatever made its row unusable may stand in its keys and values.
            cache.discard(&request.blocks)
        } else {
            cache.release(&request.blocks)
        }
        forget(request)
        outputs.append(.finished(reason, request.usage), for: request.address)
        measurements.finished.append(
            FinishedRequest(
                reason: reason,
                usage: request.usage,
                maxTokens: request.sampling.fields.maxTokens,
                timeline: request.timeline,
                endNanoseconds: now
            )
        )
    }

    /// Takes an ended request out of the queue that it is in.
    mutating func removeFromQueues(_ request: ScheduledRequest) {
        if let index = running.firstIndex(where: { $0 === request }) {
            running.remove(at: index)
        } else {
            waiting.remove(request)
        }
    }
}
