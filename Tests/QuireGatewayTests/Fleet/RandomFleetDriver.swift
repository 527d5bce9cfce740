import QuireGateway

/// Drives a fleet with random events and keeps its own, much simpler books beside it.
struct RandomFleetDriver {
    var fleet: Fleet
    private var generator: SplitMix64
    private var configuration: FleetConfiguration
    private var now: UInt64 = 1_000_000_000
    private let startedAt: UInt64 = 1_000_000_000
    private var attempts: [Attempt] = []
    private var waiting: Set<Ticket> = []
    /// Tickets that are over: granted, expired or cancelled.
    private var settled: Set<Ticket> = []
    private var granted: [Ticket: Attempt] = [:]
    private var requestCount = 0
    private var retryCount = 0

    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    init(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var configuration = FleetConfiguration()
        let policies = PolicyKind.allCases
        configuration.policy = policies[Int.random(in: 0..<policies.count, using: &generator)]
        configuration.circuitBreaker.slidingWindowSize = 4
        configuration.circuitBreaker.minimumNumberOfCalls = 2
        configuration.circuitBreaker.permittedNumberOfCallsInHalfOpenState = 2
        configuration.bulkhead.maxConcurrentCalls = Int.random(in: 1...3, using: &generator)
        configuration.bulkhead.maxWaitingCalls = 4
        configuration.retry.budgetReserve = 2
        configuration.prefixAffinity.tableBytes = 320
        configuration.upstreams = Self.upstreams(using: &generator)
        var group = ModelGroupConfiguration(model: "m")
        group.aliases = ["alias"]
        group.fallbackModels = Bool.random(using: &generator) ? ["small"] : []
        configuration.groups = [group]
        self.configuration = configuration
        fleet = Fleet(configuration, seed: seed)
        self.generator = generator
    }

    private static func upstreams(
        using generator: inout SplitMix64
    ) -> [UpstreamConfiguration] {
        (0..<Int.random(in: 1...5, using: &generator)).map { index in
            var next = upstream("u\(index)")
            next.weight = Int.random(in: 1...3, using: &generator)
            next.priority = Int.random(in: 0...1, using: &generator)
            if index == 4 { next.models = ["small"] }
            return next
        }
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps { try checked { $0.step() } }
        for attempt in attempts { try checked { $0.end(attempt, .success) } }
        while let attempt = attempts.last { try checked { $0.end(attempt, .cancelled) } }
        for ticket in waiting {
            try require(fleet.expire(ticket, now: now), "a waiting ticket expires")
        }
        try require(fleet.inFlightCount == 0, "in flight returns to 0")
        try require(fleet.waitingCount == 0, "nobody waits at the end")
        try require(
            fleet.status(now: now).allSatisfy { $0.inFlight == 0 },
            "no upstream holds a slot at the end"
        )
        try fleet.checkInvariants()
    }

    // MARK: Events

    private mutating func step() {
        now += UInt64.random(in: 0...400, using: &generator) * 5_000_000
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<40: pick(isRetry: false)
        case 40..<75: endOne()
        case 75..<80:
            if let attempt = attempts.randomElement(using: &generator) {
                fleet.firstByte(attempt, now: now)
            }
        case 80..<84: if fleet.takeRetry(now: now) { retry() }
        case 84..<87: expireOne()
        case 87..<90: cancelOne()
        case 90..<96: operate()
        case 96..<98: take(fleet.tick(now: now))
        default: reload()
        }
    }

    private mutating func pick(isRetry: Bool) {
        var request = PickRequest(
            model: ["m", "alias", "small", nil].randomElement(using: &generator) ?? nil
        )
        request.isRetry = isRetry
        request.mayWait = Int.random(in: 0..<4, using: &generator) > 0
        request.promptTokens = Int.random(in: 0...100, using: &generator)
        request.prefixKeys = (0..<3).map { UInt64($0) &+ generator.next() % 4 }
        request.stickyKey = generator.next() % 4
        if isRetry, let tried = fleet.status(now: now).randomElement(using: &generator) {
            request.excluded = [tried.id]
        }
        if !isRetry { requestCount += 1 }
        switch fleet.pick(request, now: now) {
        case .attempt(let attempt): attempts.append(attempt)
        case .queued(let ticket): waiting.insert(ticket)
        case .refused: break
        }
    }

    private mutating func retry() {
        retryCount += 1
        pick(isRetry: true)
    }

    private mutating func endOne() {
        guard let attempt = attempts.randomElement(using: &generator) else { return }
        let outcomes: [Outcome] = [
            .success, .success, .clientError(status: 400), .overloaded(retryAfterSeconds: 2),
            .overloaded(retryAfterSeconds: nil), .serverError(status: 500), .connectFailed,
            .timedOut, .cut, .cancelled,
        ]
        end(attempt, outcomes.randomElement(using: &generator) ?? .success)
        // Whoever ends twice does no harm.
        take(fleet.end(attempt, .cut, now: now))
    }

    private mutating func end(_ attempt: Attempt, _ outcome: Outcome) {
        attempts.removeAll { $0.serial == attempt.serial }
        for (ticket, granted) in granted where granted.serial == attempt.serial {
            self.granted[ticket] = nil
        }
        take(fleet.end(attempt, outcome, now: now))
    }

    private var wrong: [String] = []

    private mutating func take(_ grants: [Grant]) {
        for grant in grants {
            if waiting.remove(grant.ticket) == nil || !settled.insert(grant.ticket).inserted {
                wrong.append("a ticket is granted once, while it waits")
            }
            granted[grant.ticket] = grant.attempt
            attempts.append(grant.attempt)
        }
    }

    private mutating func expireOne() {
        if let ticket = waiting.randomElement(using: &generator) {
            waiting.remove(ticket)
            if !fleet.expire(ticket, now: now) { wrong.append("who waits can expire") }
            if !settled.insert(ticket).inserted { wrong.append("a ticket ends once") }
        }
        if let ticket = settled.randomElement(using: &generator), fleet.expire(ticket, now: now) {
            wrong.append("a ticket that is over does not expire")
        }
    }

    private mutating func cancelOne() {
        if let ticket = waiting.randomElement(using: &generator), Bool.random(using: &generator) {
            waiting.remove(ticket)
            settled.insert(ticket)
            take(fleet.cancel(ticket, now: now))
        } else if let (ticket, attempt) = granted.randomElement(using: &generator) {
            // Its owner left when the grant was on its way: the slot is freed.
            granted[ticket] = nil
            attempts.removeAll { $0.serial == attempt.serial }
            take(fleet.cancel(ticket, now: now))
        }
    }

    private mutating func operate() {
        guard let id = fleet.status(now: now).randomElement(using: &generator)?.id else { return }
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: fleet.drain(id)
        case 1: fleet.eject(id)
        case 2...3: take(fleet.undrain(id, now: now))
        case 4: take(fleet.setWeight(id, Int.random(in: 0...3, using: &generator), now: now))
        case 5: take(fleet.report(id, .check(isUp: Bool.random(using: &generator)), now: now))
        case 6: take(fleet.report(id, .progress(isStuck: Bool.random(using: &generator)), now: now))
        case 7:
            take(fleet.report(id, .models(Bool.random(using: &generator) ? ["m"] : []), now: now))
        default:
            let load = UpstreamLoad(
                running: Int.random(in: -1...5, using: &generator),
                waiting: Int.random(in: -1...5, using: &generator),
                kvUsage: generator.unit() * 1.2
            )
            take(fleet.report(id, .load(load), now: now))
        }
    }

    private mutating func reload() {
        configuration.upstreams = Self.upstreams(using: &generator)
        take(fleet.reload(configuration, now: now))
    }

    // MARK: Books

    private func require(_ holds: Bool, _ rule: String) throws(Broken) {
        if !holds { throw Broken(description: rule) }
    }

    /// One event, and what must hold around it.
    private mutating func checked(_ event: (inout Self) -> Void) throws {
        let before = fleet.status(now: now)
        event(&self)
        try fleet.checkInvariants()
        try require(wrong.isEmpty, wrong.first ?? "")
        let after = fleet.status(now: now)
        try require(fleet.inFlightCount == attempts.count, "each attempt is counted once")
        try require(fleet.waitingCount <= waiting.count, "only those who wait are in queues")
        for status in after {
            let mine = attempts.count { $0.upstream == status.id }
            try require(status.inFlight == mine, "an upstream's slots are its attempts")
            try require(status.inFlight <= status.inFlightMax, "the bulkhead's bound is kept")
            try checkBreaker(before.first { $0.id == status.id }, status)
        }
        for group in fleet.groupStatus() {
            try require(
                group.waiting <= 3 * configuration.bulkhead.maxWaitingCalls,
                "queues are bounded"
            )
        }
        try checkBudget()
        try checkNobodyWaitsForNothing()
    }

    private func checkBreaker(_ before: UpstreamStatus?, _ after: UpstreamStatus) throws(Broken) {
        guard let before, before.breaker != after.breaker else { return }
        let change = (before.breaker, after.breaker)
        let isLegal =
            change == (.closed, .open) || change == (.open, .halfOpen)
            || change == (.halfOpen, .closed) || change == (.halfOpen, .open)
        try require(isLegal, "a breaker goes from \(change.0) to \(change.1)")
    }

    private func checkBudget() throws(Broken) {
        let limits = configuration.retry
        let seconds = Double(now - startedAt) / 1e9
        let allowed =
            limits.budgetReserve + limits.budgetRatio * Double(requestCount)
            + limits.reservePerSecond * seconds
        try require(Double(retryCount) <= allowed + 1e-6, "the retry budget is kept")
    }

    /// After a tick, somebody waits only where a fresh request would find no slot either.
    private func checkNobodyWaitsForNothing() throws(Broken) {
        guard fleet.waitingCount > 0 else { return }
        var copy = fleet
        _ = copy.tick(now: now)
        for group in copy.groupStatus() where group.waiting > 0 && group.model != nil {
            // One with a fallback model may find a slot there that this model's queue may not use.
            if configuration.groups.contains(where: {
                $0.model == group.model && !$0.fallbackModels.isEmpty
            }) {
                continue
            }
            var request = PickRequest(model: group.model)
            request.mayWait = false
            if case .attempt(let attempt) = copy.pick(request, now: now),
                group.upstreams.contains(attempt.upstream), !hasRetryWaiting
            {
                throw Broken(description: "a slot is free and somebody waits for it")
            }
        }
    }

    /// Retries may wait for another upstream than the one that is free.
    private var hasRetryWaiting: Bool { retryCount > 0 }
}
