package import NIOCore
import QuireHTTP

/// Sends requests as they arrive, at most so many at a time, and keeps what became of each.
///
/// Confined to one event loop: a thousand streams cost this process one thread and no lock. It is
/// bounded in requests (as many as it was given) and in time (per request and altogether).
package final class LoadGenerator: @unchecked Sendable {
    // Sendable by confinement: `run` may be called from any thread, the rest is on `eventLoop`.

    /// How a run is bounded.
    package struct Limits: Sendable {
        /// Requests under way at one time; nil for no bound.
        package var concurrency: Int?
        /// From sending to the end of one answer.
        package var requestTime = TimeAmount.seconds(600)
        /// After this nothing is sent, and what runs is cut and counts as failed.
        package var wholeTime = TimeAmount.hours(1)
        /// Whether answers' texts are kept.
        package var keepsTexts = false

        package init() {}
    }

    /// How far a run has come.
    package struct Progress: Sendable {
        package var completed = 0
        package var failed = 0
        package var running = 0
        package var total = 0
    }

    /// A finished run: the requests that were sent, in the order of arrival.
    package struct Run: Sendable {
        package var outcomes: [RequestOutcome]
        /// Seconds from the start to the end of the last answer.
        package var duration: Double
        /// Requests that the time limit kept from being sent.
        package var unsentCount: Int

        package init(outcomes: [RequestOutcome], duration: Double, unsentCount: Int) {
            self.outcomes = outcomes
            self.duration = duration
            self.unsentCount = unsentCount
        }

        /// Runs that were made one after the other, as one; pauses between them do not count.
        package static func joined(_ runs: [Run]) -> Run {
            var whole = Run(outcomes: [], duration: 0, unsentCount: 0)
            for run in runs {
                for var outcome in run.outcomes {
                    outcome.startTime += whole.duration
                    whole.outcomes.append(outcome)
                }
                whole.duration += run.duration
                whole.unsentCount += run.unsentCount
            }
            return whole
        }
    }

    let target: GenerationTarget
    let limits: Limits
    private let connections: ServerConnections
    private let requests: [GenerationRequest]
    private let arrivals: [Double]
    private let eventLoop: any EventLoop
    private let finished: EventLoopPromise<Run>
    private var onProgress: ((Progress) -> Void)?
    private var outcomes: [RequestOutcome?]
    private var running: [Int: RunningRequest] = [:]
    private var start = NIODeadline.uptimeNanoseconds(0)
    private var arrivedCount = 0
    private var sentCount = 0
    private var progress = Progress()
    private var isWaitingForArrival = false
    private var isOver = false
    private var isPumping = false
    private var timers: [Scheduled<Void>] = []

    /// A run of the requests, each at its arrival time in seconds.
    package init(
        target: GenerationTarget,
        requests: [GenerationRequest],
        arrivals: [Double],
        limits: Limits,
        eventLoop: any EventLoop
    ) {
        precondition(requests.count == arrivals.count, "an arrival time is needed per request")
        self.target = target
        self.requests = requests
        self.arrivals = arrivals
        self.limits = limits
        self.eventLoop = eventLoop
        connections = ServerConnections(address: target.address, eventLoop: eventLoop)
        finished = eventLoop.makePromise(of: Run.self)
        outcomes = [RequestOutcome?](repeating: nil, count: requests.count)
        progress.total = requests.count
    }

    /// Begins; call once.
    ///
    /// Progress is reported five times a second, on the loop.
    package func run(
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) -> EventLoopFuture<Run> {
        eventLoop.execute {
            self.onProgress = onProgress
            self.begin()
        }
        return finished.futureResult
    }

    private func begin() {
        start = .now()
        let isolated = eventLoop.assumeIsolated()
        timers.append(isolated.scheduleTask(in: limits.wholeTime) { self.cut() })
        if onProgress != nil { reportProgress() }
        pump()
    }

    private func reportProgress() {
        guard !isOver else { return }
        onProgress?(progress)
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(200)) { self.reportProgress() }
    }

    // MARK: - Sending

    /// Takes in what has arrived and sends what there is room for.
    private func pump() {
        // A send can fail at once and come back here; the loop below goes on from where it is.
        guard !isOver, !isPumping else { return }
        isPumping = true
        let elapsed = (NIODeadline.now() - start).seconds
        while arrivedCount < arrivals.count, arrivals[arrivedCount] <= elapsed { arrivedCount += 1 }
        while sentCount < arrivedCount, running.count < limits.concurrency ?? .max {
            send(sentCount)
            sentCount += 1
        }
        isPumping = false
        if arrivedCount < arrivals.count, !isWaitingForArrival {
            isWaitingForArrival = true
            let wait = max(0, arrivals[arrivedCount] - elapsed)
            let time = TimeAmount.nanoseconds(Int64(min(wait * 1e9, 1e18)))
            timers.append(
                eventLoop.assumeIsolated().scheduleTask(in: time) {
                    self.isWaitingForArrival = false
                    self.timers.removeLast()
                    self.pump()
                }
            )
        }
        if progress.completed + progress.failed == requests.count { finish() }
    }

    private func send(_ index: Int) {
        let request = requests[index]
        let bytes = target.bytes(of: request)
        let now = NIODeadline.now()
        let startTime = (now - start).seconds
        let outcome = RequestOutcome(
            startTime: startTime,
            queueTime: max(0, startTime - arrivals[index]),
            promptTokenCount: request.promptTokenCount
        )
        let running = RunningRequest(index: index, outcome: outcome, start: now, generator: self)
        self.running[index] = running
        progress.running += 1
        let exchange = connections.send(bytes, to: running)
        // A kept connection can fail in the very call.
        guard !running.isOver else { return }
        running.exchange = exchange
        running.limit = eventLoop.assumeIsolated().scheduleTask(in: limits.requestTime) {
            exchange.cancel(.timedOut("no whole answer within the time of one request"))
        }
    }

    /// A request is over, one way or the other.
    func end(_ request: RunningRequest, _ outcome: RequestOutcome) {
        running[request.index] = nil
        outcomes[request.index] = outcome
        progress.running -= 1
        if outcome.isSuccess { progress.completed += 1 } else { progress.failed += 1 }
        pump()
    }

    // MARK: - The end

    /// The time is up.
    private func cut() {
        guard !isOver else { return }
        isPumping = true
        for request in running.values {
            request.exchange?.cancel(.timedOut("cut at the end of the run's time"))
        }
        finish()
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        for timer in timers { timer.cancel() }
        timers = []
        connections.closeFree()
        onProgress?(progress)
        finished.succeed(
            Run(
                outcomes: outcomes.compactMap { $0 },
                duration: (NIODeadline.now() - start).seconds,
                unsentCount: requests.count - sentCount
            )
        )
    }
}

/// A request under way: follows its answer and tells the generator when it is over.
final class RunningRequest: ResponseReceiver {
    let index: Int
    var exchange: Exchange?
    var limit: Scheduled<Void>?
    private(set) var isOver = false
    private var outcome: RequestOutcome
    private var answer: StreamedAnswer
    private let generator: LoadGenerator

    init(index: Int, outcome: RequestOutcome, start: NIODeadline, generator: LoadGenerator) {
        self.index = index
        self.outcome = outcome
        self.generator = generator
        answer = StreamedAnswer(isChat: generator.target.isChat, start: start)
    }

    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) { answer.receive(head) }

    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
        do throws(ClientError) {
            let delta = try answer.receive(bytes, at: time)
            if generator.limits.keepsTexts { outcome.text += delta.reasoning + delta.content }
        } catch {
            exchange?.cancel(error)
        }
    }

    func receiveEnd(at time: NIODeadline) {
        switch answer.end(at: time) {
        case .success(let summary):
            outcome.timeToFirstToken = summary.timeToFirstToken
            outcome.latency = summary.latency
            outcome.interTokenLatencies = answer.interTokenLatencies
            outcome.promptTokenCount = summary.promptTokenCount ?? outcome.promptTokenCount
            outcome.outputTokenCount = summary.outputTokenCount
            finish()
        case .failure(let error):
            finish(error)
        }
    }

    func receiveFailure(_ error: ClientError, at time: NIODeadline) { finish(error) }

    private func finish(_ error: ClientError? = nil) {
        isOver = true
        outcome.error = error?.description
        limit?.cancel()
        limit = nil
        exchange = nil
        generator.end(self, outcome)
    }
}
