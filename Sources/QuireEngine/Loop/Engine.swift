import Synchronization

/// The engine: takes requests from any thread, generates on a thread of its own, and tells the sink.
///
/// `start` makes the thread, and on it the executor. From then on requests may come, until `drain`
/// (finish what is there) or `stop` (end now); `join` waits for the thread. It is kept alive by
/// its thread.
package final class Engine: Sendable {
    private let configuration: EngineConfiguration
    private let metrics: EngineMetrics
    private let sink: any OutputSink
    private let inbox: EngineInbox
    private let thread: EngineThread
    /// When the step under way began; 0 between steps.
    private let stepBegan = Atomic<UInt64>(0)
    private let runningCount = Atomic<Int>(0)

    package init(
        configuration: EngineConfiguration,
        metrics: EngineMetrics,
        sink: any OutputSink
    ) {
        self.configuration = configuration
        self.metrics = metrics
        self.sink = sink
        inbox = EngineInbox(queueDepthMax: configuration.queueDepthMax)
        thread = EngineThread()
    }

    /// Starts the engine thread, makes the executor on it, and waits until that is done.
    ///
    /// Call it once. Throws what `makeExecutor` throws; then the engine cannot be used.
    package func start(_ makeExecutor: @escaping @Sendable () throws -> any Executor) throws {
        try thread.start { started in
            defer { self.inbox.advance(to: .ended) }
            let loop: StepLoop
            do {
                loop = StepLoop(
                    configuration: self.configuration,
                    executor: try makeExecutor(),
                    metrics: self.metrics,
                    sink: self.sink
                )
            } catch {
                started(error)
                return
            }
            started(nil)
            self.run(loop)
        }
    }

    /// Hands a request over; any thread.
    ///
    /// Its events go to its address until `.finished`.
    package func add(_ request: EngineRequest) throws(EngineError) {
        if let objection = configuration.objection(to: request) { throw .unservable(objection) }
        try inbox.add(request)
    }

    /// Ends a request by the next step; any thread.
    ///
    /// `reason` is what its `.finished` event and the metrics say: an owner that has found a stop
    /// string ends it as a stop. One that has ended already is ignored.
    package func abort(_ address: OutputAddress, as reason: FinishReason = .abort) {
        inbox.abort(address, as: reason)
    }

    /// Refuses new requests from now on, and ends the thread when those it has are finished.
    package func drain() { inbox.advance(to: .draining) }

    /// Ends the thread after the step under way; requests that are left end as aborted.
    package func stop() { inbox.advance(to: .stopping) }

    /// Waits until the engine thread has ended, after `drain` or `stop`; not on that thread.
    package func join() {
        inbox.waitUntilEnded()
        thread.join()
    }

    /// A snapshot; any thread.
    package var status: EngineStatus {
        let stage = inbox.currentStage
        let began = stepBegan.load(ordering: .relaxed)
        let now = configuration.now()
        return EngineStatus(
            runningCount: runningCount.load(ordering: .relaxed),
            waitingCount: inbox.waitingCount,
            // The step may have begun after the clock was read.
            stepAgeNanoseconds: began == 0 ? nil : now - min(now, began),
            isDraining: stage != .running
        )
    }

    /// The engine thread: drain the inbox, schedule, execute, sample, update, publish.
    private func run(_ loop: StepLoop) {
        var commands: [EngineCommand] = []
        while inbox.take(
            into: &commands,
            isIdle: loop.isIdle,
            waitingCount: loop.waitingCount
        ) {
            stepBegan.store(max(1, configuration.now()), ordering: .relaxed)
            loop.handle(&commands)
            loop.schedule()
            inbox.noteWaiting(loop.waitingCount)
            runningCount.store(loop.runningCount, ordering: .relaxed)
            loop.execute()
            loop.publish()
            runningCount.store(loop.runningCount, ordering: .relaxed)
            stepBegan.store(0, ordering: .relaxed)
        }
        loop.handle(&commands)
        loop.abortAll()
        inbox.noteWaiting(0)
        runningCount.store(0, ordering: .relaxed)
    }
}
