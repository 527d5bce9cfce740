import QuireKernels

/// Decides what each step computes.
///
/// A value: no I/O, no clock, no randomness of its own.
///
/// One rule: each request has computed tokens chasing all of its tokens, and a step hands out a
/// budget of rows, to running requests first, then to waiting ones, each in the order (priority,
/// arrival). A prompt longer than the budget is cut; a request whose computed tokens catch up gets
/// its next token sampled.
///
/// **No starvation.** Running requests are kept in that order, the budget is handed out from the
/// front, and blocks are taken from the back. So the first running request gets rows in every
/// step; and since it ends after at most as many steps as it has tokens, everyone behind it moves
/// up. Only a stream of requests of better priority can hold one back, as priorities are meant to.
///
/// **Rows of logits.** Each running request, and each that can still be admitted, has one of its own;
/// what the executor has beyond those is for prompt rows whose probabilities are wanted. So nobody
/// waits because another one's prompt is reported on.
///
/// Steps are not overlapped: `schedule`, then `update` or `fail` with what came of it; `add` and
/// `abort` between steps. Engine thread.
struct Scheduler {
    /// A request's part of the step.
    struct Share {
        var request: ScheduledRequest
        var rowCount: Int
        /// How many of its rows report a prompt token's probability.
        var promptSampleCount: Int
        /// Whether its last row samples the next token.
        var samplesNext: Bool
    }

    let capacity: ExecutorCapacity
    /// The longest sequence: the model's context, or all blocks if those are fewer.
    let maxContext: Int
    var cache: KVCacheManager
    /// In order; at most `maxSequences`.
    var running: [ScheduledRequest] = []
    var waiting: WaitingQueue
    private var requests: [OutputAddress: ScheduledRequest] = [:]
    private var nextSequenceNumber: UInt64 = 0
    /// What the step under way computes, in order of its rows.
    var shares: [Share] = []
    /// What happened since it was last taken, for the metrics.
    var measurements = StepMeasurements()

    /// `cacheKey` is `nil` without prefix caching; `queueDepth` is room made for waiting requests.
    init(capacity: ExecutorCapacity, cacheKey: BlockHashKey?, queueDepth: Int) {
        precondition(capacity.maxLogitsRows >= capacity.maxSequences, "a logits row per sequence")
        self.capacity = capacity
        maxContext = min(capacity.maxContext, capacity.blockCount * capacity.blockSize)
        cache = KVCacheManager(
            blockCount: capacity.blockCount,
            blockSize: capacity.blockSize,
            key: cacheKey
        )
        waiting = WaitingQueue(capacity: queueDepth)
        running.reserveCapacity(capacity.maxSequences)
        shares.reserveCapacity(capacity.maxSequences)
        requests.reserveCapacity(capacity.maxSequences + queueDepth)
    }

    var isIdle: Bool { requests.isEmpty }
    var requestCount: Int { requests.count }

    /// The request whose output goes there, unless it has ended.
    func request(at address: OutputAddress) -> ScheduledRequest? { requests[address] }

    /// Takes a request; it must have passed ``EngineConfiguration/objection(to:)``.
    mutating func add(_ request: EngineRequest, now: UInt64) {
        let scheduled = ScheduledRequest(
            request,
            sequenceNumber: nextSequenceNumber,
            maxContext: maxContext,
            now: now
        )
        scheduled.reserveBlocks(blockSize: capacity.blockSize)
        nextSequenceNumber += 1
        let old = requests.updateValue(scheduled, forKey: scheduled.address)
        precondition(old == nil, "an address is in use once")
        waiting.insert(scheduled)
    }

    /// Ends a request now; its blocks are free at once.
    ///
    /// One that has ended already is ignored.
    mutating func abort(
        _ address: OutputAddress,
        as reason: FinishReason = .abort,
        now: UInt64,
        into outputs: inout StepOutputs
    ) {
        guard let request = requests[address] else { return }
        finish(request, reason, now: now, into: &outputs)
        removeFromQueues(request)
    }

    /// Ends everything, as an abort does.
    mutating func abortAll(now: UInt64, into outputs: inout StepOutputs) {
        for address in Array(requests.keys) { abort(address, now: now, into: &outputs) }
    }

    /// Fills the plan with the next step; it is empty only if there is nothing to do.
    mutating func schedule(into plan: StepPlan, now: UInt64) {
        plan.removeAll()
        shares.removeAll(keepingCapacity: true)
        var budget = StepBudget(
            rows: capacity.maxRows,
            promptLogitsRows: capacity.maxLogitsRows - capacity.maxSequences
        )
        let hasPreempted = continueRunning(&budget, plan)
        if !hasPreempted { admitWaiting(&budget, plan, now) }
    }

    /// Removes a request from the tables; whoever calls this has released its blocks and takes it
    /// out of `running` or `waiting`.
    mutating func forget(_ request: ScheduledRequest) { requests[request.address] = nil }

    // MARK: Running requests

    /// Gives running requests their rows, first ones first.
    ///
    /// True if one had to be preempted.
    private mutating func continueRunning(_ budget: inout StepBudget, _ plan: StepPlan) -> Bool {
        var hasPreempted = false
        var index = 0
        while index < running.count, budget.rows > 0 {
            let request = running[index]
            let rowCount = rows(for: request, within: budget)
            while !cache.extend(&request.blocks, toTokens: request.computedCount + rowCount) {
                hasPreempted = true
                preemptLast()
                if index >= running.count { return true }
            }
            append(request, rowCount, &budget, plan)
            index += 1
        }
        return hasPreempted
    }

    /// Frees the last running request whole and lets it wait; it has no rows in this step yet.
    private mutating func preemptLast() {
        let request = running.removeLast()
        cache.release(&request.blocks)
        request.computedCount = 0
        waiting.insert(request)
        measurements.preemptionCount += 1
    }

    // MARK: Waiting requests

    private mutating func admitWaiting(
        _ budget: inout StepBudget,
        _ plan: StepPlan,
        _ now: UInt64
    ) {
        while budget.rows > 0, running.count < capacity.maxSequences, let request = waiting.first {
            // A cached row has no logits, and the prompt's are wanted.
            let match =
                request.hasPromptLogprobsLeft ? KVCacheManager.Match() : cache.match(request)
            request.computedCount = match.blockCount * capacity.blockSize
            let rowCount = rows(for: request, within: budget)
            let heldCount = request.computedCount + rowCount
            guard cache.canHold(tokens: heldCount, with: match) else {
                request.computedCount = 0
                return
            }
            cache.adopt(match, for: request)
            let isHeld = cache.extend(&request.blocks, toTokens: heldCount)
            precondition(isHeld, "the blocks were counted")
            _ = waiting.removeFirst()
            insertRunning(request)
            noteAdmission(of: request, now)
            append(request, rowCount, &budget, plan)
        }
    }

    /// Keeps `running` in order; a newcomer goes to the end unless its priority is better.
    private mutating func insertRunning(_ request: ScheduledRequest) {
        var index = running.count
        while index > 0, request.precedes(running[index - 1]) { index -= 1 }
        running.insert(request, at: index)
    }

    /// Counts the first admission only: what a preempted request finds again is its own.
    private mutating func noteAdmission(of request: ScheduledRequest, _ now: UInt64) {
        guard request.cachedTokens == nil else { return }
        request.cachedTokens = request.computedCount
        request.timeline.scheduledNanoseconds = now
        // One whose prompt is reported on was not looked up.
        if cache.isSharing, !request.hasPromptLogprobsLeft {
            measurements.prefixQueryTokens += request.tokens.count
            measurements.prefixHitTokens += request.computedCount
        }
    }

    // MARK: Rows

    /// How many rows a request gets.
    private func rows(for request: ScheduledRequest, within budget: StepBudget) -> Int {
        let count = min(request.remainingCount, budget.rows)
        guard request.hasPromptLogprobsLeft else { return count }
        // Each of its prompt rows takes a row of logits, except those reported before a preemption.
        let reportedCount = max(0, request.promptLogprobsCount - request.computedCount)
        return min(count, reportedCount + 1 + budget.promptLogitsRows)
    }

    /// Writes a request's rows into the plan, and what is to be sampled from them.
    private mutating func append(
        _ request: ScheduledRequest,
        _ rowCount: Int,
        _ budget: inout StepBudget,
        _ plan: StepPlan
    ) {
        let start = request.computedCount
        let firstRow = plan.batch.append(
            tokens: request.tokens[start..<start + rowCount],
            computedCount: start,
            blockTable: request.blocks.ids
        )
        var promptSampleCount = 0
        if request.hasPromptLogprobsLeft {
            let first = max(start, request.promptLogprobsCount)
            let end = min(start + rowCount, request.promptCount - 1)
            for position in first..<max(first, end) {
                let purpose = StepSample.Purpose.promptToken(request.tokens[position + 1])
                addSample(purpose, ofRow: firstRow + position - start, request, plan)
                promptSampleCount += 1
            }
        }
        let samplesNext = rowCount == request.remainingCount
        if samplesNext {
            let purpose = StepSample.Purpose.next(
                outputIndex: request.outputCount,
                position: request.tokens.count
            )
            addSample(purpose, ofRow: firstRow + rowCount - 1, request, plan)
        }
        budget.rows -= rowCount
        // One of them is its own.
        budget.promptLogitsRows -= max(0, promptSampleCount + (samplesNext ? 1 : 0) - 1)
        shares.append(
            Share(
                request: request,
                rowCount: rowCount,
                promptSampleCount: promptSampleCount,
                samplesNext: samplesNext
            )
        )
    }

    private func addSample(
        _ purpose: StepSample.Purpose,
        ofRow row: Int,
        _ request: ScheduledRequest,
        _ plan: StepPlan
    ) {
        plan.samples.append(
            StepSample(
                logitsIndex: plan.batch.wantLogits(ofRow: row),
                purpose: purpose,
                sampling: request.sampling,
                history: request.history
            )
        )
    }
}

/// What is left of a step while it is handed out.
private struct StepBudget {
    var rows: Int
    /// Rows of logits for the prompts that are reported on, beside the one that each request has.
    var promptLogitsRows: Int
}
