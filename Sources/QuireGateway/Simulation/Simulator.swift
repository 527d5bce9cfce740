/// Drives a `Fleet` as the gateway would, on a virtual clock, against simulated engines.
///
/// A run depends on nothing but its scenario, configuration and seed, and takes well under a
/// second for minutes of traffic.
package struct Simulator {
    private let scenario: SimulatedScenario
    private var fleet: Fleet
    private var engines: [SimulatedEngine]
    private var events = EventQueue<Event>()
    private var generator: SplitMix64
    private var conversations: [SimulatedConversation] = []
    private var requests: [Request] = []
    private var requestOfTicket: [Ticket: Int] = [:]
    private var result: SimulationResult
    private var now: UInt64 = 0
    private var openConversations: Int
    private let checksInvariants: Bool

    private enum Event {
        case arrival(conversation: Int)
        case stepEnd(engine: Int)
        case failure(request: Int, attempt: UInt64, Outcome)
        case firstByteLimit(request: Int, attempt: UInt64)
        case deadline(request: Int, Ticket)
        case retry(request: Int)
        case scrape
    }

    private struct Request {
        let conversation: Int
        let arrivedAt: UInt64
        let outputTokens: Int
        var pick: PickRequest
        var attempt: Attempt?
        var attemptCount = 0
        var firstTokenAt: UInt64?
    }

    package init(
        _ scenario: SimulatedScenario,
        policy: PolicyKind,
        seed: UInt64,
        checksInvariants: Bool = false
    ) {
        var configuration = FleetConfiguration()
        configuration.policy = policy
        configuration.upstreams = scenario.engines.indices.map {
            UpstreamConfiguration(
                name: "engine-\($0)",
                endpoint: UpstreamEndpoint(host: "engine-\($0)", port: 8000)
            )
        }
        self.init(scenario, configuration, seed: seed, checksInvariants: checksInvariants)
    }

    /// The configuration has one upstream per engine, in order.
    package init(
        _ scenario: SimulatedScenario,
        _ configuration: FleetConfiguration,
        seed: UInt64,
        checksInvariants: Bool = false
    ) {
        precondition(configuration.upstreams.count == scenario.engines.count, "one per engine")
        self.scenario = scenario
        self.checksInvariants = checksInvariants
        fleet = Fleet(configuration, seed: seed)
        engines = scenario.engines.map { SimulatedEngine($0) }
        generator = SplitMix64(seed: seed ^ 0x5eed)
        result = SimulationResult(engineCount: engines.count)
        openConversations = scenario.conversations
        makeConversations()
    }

    /// Runs to the end of all conversations.
    package mutating func run() throws(BrokenFleetInvariant) -> SimulationResult {
        events.push(.scrape, at: 0)
        while openConversations > 0, let (time, event) = events.pop() {
            now = time
            take(event)
            if checksInvariants { try fleet.checkInvariants() }
        }
        result.seconds = Double(now) / 1e9
        result.leftInFlight = fleet.inFlightCount
        for (index, engine) in engines.enumerated() {
            let isWell = engine.configuration.fault == .none
            result.isEngineWell[index] = isWell
            result.promptTokens += engine.promptTokens
            result.cachedTokens += engine.cachedTokens
        }
        return result
    }

    // MARK: Traffic

    private mutating func makeConversations() {
        var time = 0.0
        for index in 0..<scenario.conversations {
            time += exponentialTime(mean: 1 / scenario.arrivalsPerSecond)
            var at = time
            if let period = scenario.burstPeriodSeconds {
                let start = (time / period).rounded(.down) * period
                at = start + (time - start) / 4
            }
            let isLong = Int.random(in: 0..<100, using: &generator) < scenario.longPercent
            let first = Int.random(in: scenario.userTokens, using: &generator)
            conversations.append(
                SimulatedConversation(
                    seed: generator.next(),
                    system: Int.random(in: 0..<max(1, scenario.systemPrompts), using: &generator),
                    systemTokens: scenario.systemTokens,
                    firstTokens: isLong ? scenario.longTokens : first,
                    turns: Int.random(in: scenario.turns, using: &generator)
                )
            )
            events.push(.arrival(conversation: index), at: UInt64(at * 1e9))
        }
    }

    private mutating func exponentialTime(mean: Double) -> Double {
        -mean * logarithm(1 - generator.unit())
    }

    // MARK: Events

    private mutating func take(_ event: Event) {
        switch event {
        case .arrival(let conversation): arrive(conversation)
        case .stepEnd(let engine): endStep(engine)
        case .failure(let request, let attempt, let outcome):
            guard requests[request].attempt?.serial == attempt else { return }
            end(request, outcome)
        case .firstByteLimit(let request, let attempt):
            guard let running = requests[request].attempt, running.serial == attempt,
                requests[request].firstTokenAt == nil
            else { return }
            engines[running.upstream.index].abort(attempt: attempt)
            end(request, .timedOut)
        case .deadline(let request, let ticket):
            guard fleet.expire(ticket, now: now) else { return }
            requestOfTicket[ticket] = nil
            fail(request)
        case .retry(let request): pick(request)
        case .scrape: scrape()
        }
    }

    private mutating func arrive(_ conversation: Int) {
        let tokens = conversations[conversation].promptTokens
        var pick = PickRequest(model: nil)
        pick.promptTokens = tokens
        pick.prefixKeys = conversations[conversation].keys(tokens: tokens)
        pick.stickyKey = SplitMix64.mix(UInt64(conversation))
        requests.append(
            Request(
                conversation: conversation,
                arrivedAt: now,
                outputTokens: Int.random(in: scenario.outputTokens, using: &generator),
                pick: pick
            )
        )
        result.requests += 1
        self.pick(requests.count - 1)
    }

    private mutating func pick(_ request: Int) {
        switch fleet.pick(requests[request].pick, now: now) {
        case .attempt(let attempt): start(request, attempt)
        case .queued(let ticket):
            requestOfTicket[ticket] = request
            events.push(.deadline(request: request, ticket), at: ticket.deadline)
        case .refused: fail(request)
        }
    }

    private mutating func start(_ request: Int, _ attempt: Attempt) {
        let index = attempt.upstream.index
        requests[request].attempt = attempt
        requests[request].attemptCount += 1
        result.attempts += 1
        result.attemptsOfEngine[index] += 1
        let serial = attempt.serial
        switch engines[index].configuration.fault {
        case .dead:
            let event = Event.failure(request: request, attempt: serial, .connectFailed)
            events.push(event, at: now + 1_000_000)
            return
        case .fails:
            let event = Event.failure(request: request, attempt: serial, .serverError(status: 500))
            events.push(event, at: now + 5_000_000)
            return
        case .none, .slow, .hangs: break
        }
        let conversation = requests[request].conversation
        let promptTokens = requests[request].pick.promptTokens
        let outputTokens = requests[request].outputTokens
        engines[index].add(
            SimulatedEngine.Job(
                attempt: serial,
                request: request,
                keys: requests[request].pick.prefixKeys,
                finalKeys: conversations[conversation].keys(tokens: promptTokens + outputTokens),
                promptTokens: promptTokens,
                outputTokens: outputTokens
            )
        )
        let limit = UInt64(scenario.firstByteTimeoutSeconds * 1e9)
        events.push(.firstByteLimit(request: request, attempt: serial), at: now + limit)
        beginStep(index)
    }

    private mutating func beginStep(_ engine: Int) {
        guard let length = engines[engine].beginStep() else { return }
        events.push(.stepEnd(engine: engine), at: now + length)
    }

    private mutating func endStep(_ engine: Int) {
        for progress in engines[engine].endStep() {
            switch progress {
            case .firstToken(let request, let serial):
                guard let attempt = requests[request].attempt, attempt.serial == serial else {
                    continue
                }
                requests[request].firstTokenAt = now
                fleet.firstByte(attempt, now: now)
            case .finished(let request, let serial):
                guard requests[request].attempt?.serial == serial else { continue }
                end(request, .success)
            }
        }
        beginStep(engine)
    }

    private mutating func scrape() {
        for (index, status) in fleet.status(now: now).enumerated() {
            let fault = engines[index].configuration.fault
            if fault == .dead { continue }
            deliver(fleet.report(status.id, .load(engines[index].load), now: now))
        }
        deliver(fleet.tick(now: now))
        events.push(.scrape, at: now + 1_000_000_000)
    }

    // MARK: Ends

    private mutating func end(_ request: Int, _ outcome: Outcome) {
        guard let attempt = requests[request].attempt else { return }
        requests[request].attempt = nil
        deliver(fleet.end(attempt, outcome, now: now))
        if outcome == .success {
            succeed(request, at: attempt.upstream.index)
            return
        }
        result.failedAttempts += 1
        requests[request].pick.excluded.append(attempt.upstream)
        requests[request].pick.isRetry = true
        let retry = requests[request].attemptCount - 1
        if requests[request].attemptCount < fleet.maxAttempts, fleet.takeRetry(now: now) {
            let pause = fleet.backoffNanoseconds(retry: retry)
            events.push(.retry(request: request), at: now + pause)
        } else {
            fail(request)
        }
    }

    private mutating func deliver(_ grants: [Grant]) {
        for grant in grants {
            guard let request = requestOfTicket.removeValue(forKey: grant.ticket) else {
                preconditionFailure("a ticket is granted once, and not after it has expired")
            }
            start(request, grant.attempt)
        }
    }

    private mutating func succeed(_ request: Int, at engine: Int) {
        let done = requests[request]
        let first = (done.firstTokenAt ?? now) - done.arrivedAt
        result.firstTokenSeconds.append(Double(first) / 1e9)
        result.totalSeconds.append(Double(now - done.arrivedAt) / 1e9)
        result.servedByEngine[engine] += 1
        conversations[done.conversation].turnsLeft -= 1
        if conversations[done.conversation].turnsLeft <= 0 {
            openConversations -= 1
            return
        }
        let message = Int.random(in: scenario.userTokens, using: &generator)
        conversations[done.conversation].extend(by: done.outputTokens + message)
        let pause = UInt64(exponentialTime(mean: scenario.thinkSeconds) * 1e9)
        events.push(.arrival(conversation: done.conversation), at: now + pause)
    }

    /// The client gets an error and goes.
    private mutating func fail(_ request: Int) {
        result.failed += 1
        openConversations -= 1
    }
}
