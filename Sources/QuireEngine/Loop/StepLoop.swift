import QuireKernels

/// The engine without its thread: what happens between looking into the inbox and the next look.
///
/// Confined to the thread that made it.
package final class StepLoop {
    private var scheduler: Scheduler
    private let executor: any Executor
    private let metrics: EngineMetrics
    private let sink: any OutputSink
    private let now: @Sendable () -> UInt64
    private let plan: StepPlan
    private var result = StepResult()
    private var outputs = StepOutputs()

    package init(
        configuration: EngineConfiguration,
        executor: any Executor,
        metrics: EngineMetrics,
        sink: any OutputSink
    ) {
        let capacity = executor.capacity
        precondition(capacity == configuration.capacity, "the executor that was planned for")
        self.executor = executor
        self.metrics = metrics
        self.sink = sink
        now = configuration.now
        scheduler = Scheduler(
            capacity: capacity,
            cacheKey: configuration.prefixCacheKey,
            queueDepth: configuration.queueDepthMax
        )
        plan = StepPlan(
            batch: StepBatch(
                blockSize: capacity.blockSize,
                maxRows: capacity.maxRows,
                maxSequences: capacity.maxSequences,
                maxBlocks: Self.blockTableRoom(capacity),
                maxLogitsRows: capacity.maxLogitsRows
            )
        )
        plan.samples.reserveCapacity(capacity.maxLogitsRows)
        result.outcomes.reserveCapacity(capacity.maxLogitsRows)
    }

    /// Entries of all sequences' block tables that room is made for at start.
    ///
    /// Blocks that nobody shares are in one table each, so there are no more entries than blocks.
    /// Shared ones may need more; the array grows then, once, and keeps what it has. Room for the
    /// worst case, every sequence at full length in the same blocks, would be gigabytes for long
    /// contexts.
    package static func blockTableRoom(_ capacity: ExecutorCapacity) -> Int {
        let perSequence = (capacity.maxContext + capacity.blockSize - 1) / capacity.blockSize
        let worst = capacity.maxSequences.multipliedReportingOverflow(by: perSequence)
        return worst.overflow
            ? capacity.blockCount : min(worst.partialValue, capacity.blockCount)
    }

    package var isIdle: Bool { scheduler.isIdle }
    package var runningCount: Int { scheduler.running.count }
    package var waitingCount: Int { scheduler.waiting.count }
    package var maxContext: Int { scheduler.maxContext }
    package var usedBlockCount: Int { scheduler.cache.pool.usedCount }

    /// The request that runs first, and how far it is; for tests of progress.
    package var first: (address: OutputAddress, progress: Int)? {
        scheduler.running.first.map { ($0.address, $0.computedCount + $0.promptLogprobsCount) }
    }

    /// How far a request is that has not ended.
    package func progress(of address: OutputAddress) -> Int? {
        scheduler.request(at: address).map { $0.computedCount + $0.promptLogprobsCount }
    }

    /// Throws unless the scheduler's books balance; for tests.
    package func checkInvariants() throws(BrokenInvariant) { try scheduler.checkInvariants() }

    /// Handles what the inbox held, in its order; empties `commands`.
    package func handle(_ commands: inout [EngineCommand]) {
        for command in commands {
            switch command {
            case .add(let request): scheduler.add(request, now: now())
            case .abort(let address, let reason):
                scheduler.abort(address, as: reason, now: now(), into: &outputs)
            }
        }
        commands.removeAll(keepingCapacity: true)
    }

    /// Decides what the next step computes.
    package func schedule() { scheduler.schedule(into: plan, now: now()) }

    /// Executes and samples what was scheduled, and updates the requests; nothing, if nothing was.
    package func execute() {
        guard plan.batch.rowCount > 0 else { return }
        do throws(StepError) {
            try executor.step(plan, into: &result)
            scheduler.update(plan, result, now: now(), into: &outputs)
        } catch {
            scheduler.fail(error, now: now(), into: &outputs)
        }
    }

    /// Sends the events out and counts what happened.
    package func publish() {
        outputs.publish(to: sink)
        metrics.record(scheduler.measurements)
        scheduler.measurements.removeAll()
        metrics.recordLoad(
            runningCount: runningCount,
            waitingCount: waitingCount,
            cacheUsage: Double(usedBlockCount)
                / Double(scheduler.cache.pool.blockCount)
        )
    }

    /// Ends every request that is left, as an abort does.
    package func abortAll() {
        scheduler.abortAll(now: now(), into: &outputs)
        publish()
    }
}
