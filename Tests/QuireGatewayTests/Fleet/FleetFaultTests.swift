import QuireGateway
import Testing

/// What is known to go wrong with gateways, each by its name.
@Suite struct FleetFaultTests {
    /// Two upstreams of which one takes ten times as long; 150 requests, 8 at a time.
    @Test func slowInstanceGetsAboutFifteenOfOneHundredFifty() {
        var fleet = Fleet(
            FleetConfiguration(upstreams: [upstream("fast"), upstream("slow")]),
            seed: 1
        )
        let slow = fleet.status(now: 0)[1].id
        var running: [(endsAt: UInt64, attempt: Attempt)] = []
        var now: UInt64 = 0
        var slowCount = 0
        for _ in 0..<150 {
            if running.count == 8 {
                running.sort { $0.endsAt < $1.endsAt }
                let first = running.removeFirst()
                now = first.endsAt
                _ = fleet.end(first.attempt, .success, now: now)
            }
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else {
                Issue.record("refused")
                return
            }
            let isSlow = attempt.upstream == slow
            if isSlow { slowCount += 1 }
            running.append((now + (isSlow ? 100 : 10) * millisecond, attempt))
        }
        #expect((10...25).contains(slowCount), "\(slowCount)")
    }

    @Test func sixtyClientErrorsEjectNobody() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        for index in 0..<60 {
            let now = UInt64(index) * millisecond
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else {
                Issue.record("refused")
                return
            }
            _ = fleet.end(attempt, .clientError(status: 400), now: now)
        }
        let status = fleet.status(now: second)
        #expect(status.allSatisfy { $0.isHealthy && $0.breaker == .closed })
        #expect(status.allSatisfy { $0.totals.ejections == 0 })
    }

    @Test(arguments: [
        Outcome.serverError(status: 500), .connectFailed, .timedOut, .cut,
    ])
    func lastOneIsNeverEjected(outcome: Outcome) {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        var counts: [UpstreamID: Int] = [:]
        for index in 0..<200 {
            let now = UInt64(index) * 10 * millisecond
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else {
                Issue.record("refused at \(index)")
                return
            }
            counts[attempt.upstream, default: 0] += 1
            _ = fleet.end(attempt, outcome, now: now)
        }
        #expect(counts.count == 2)
    }

    @Test func lastOneIsUsedThoughChecksSayItIsDead() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a")]), seed: 1)
        let id = fleet.status(now: 0)[0].id
        for _ in 0..<5 { _ = fleet.report(id, .check(isUp: false), now: 0) }
        #expect(fleet.status(now: 0)[0].isDead)
        guard case .attempt = fleet.pick(PickRequest(), now: 0) else {
            Issue.record("refused")
            return
        }
    }

    /// When all are out, the one that answers again gets the traffic at once.
    @Test func ofEjectedOnesTheOneThatAnswersIsPreferred() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        let good = fleet.status(now: 0)[0].id
        var late: [UpstreamID] = []
        for index in 0..<60 {
            let now = UInt64(index) * millisecond
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else {
                Issue.record("refused")
                return
            }
            let works = index >= 30 && attempt.upstream == good
            _ = fleet.end(attempt, works ? .success : .serverError(status: 500), now: now)
            if index >= 35 { late.append(attempt.upstream) }
        }
        #expect(late.allSatisfy { $0 == good })
    }

    /// One of two never answers; each silent attempt is reported when its limit (1 s) is over.
    @Test(arguments: PolicyKind.allCases)
    func silentInstanceTouchesAtMostThreeOfSixty(policy: PolicyKind) {
        var configuration = FleetConfiguration(upstreams: [upstream("a"), upstream("silent")])
        configuration.policy = policy
        var fleet = Fleet(configuration, seed: 1)
        let silent = fleet.status(now: 0)[1].id
        var touched = 0
        var now: UInt64 = 0
        for index in 0..<60 {
            var request = PickRequest()
            request.stickyKey = SplitMix64.mix(UInt64(index))
            guard case .attempt(let attempt) = fleet.pick(request, now: now) else {
                Issue.record("refused")
                return
            }
            if attempt.upstream == silent {
                touched += 1
                now += second
                _ = fleet.end(attempt, .timedOut, now: now)
            } else {
                now += 20 * millisecond
                fleet.firstByte(attempt, now: now)
                _ = fleet.end(attempt, .success, now: now)
            }
        }
        #expect(touched <= 3, "\(touched)")
    }

    @Test(arguments: [Outcome.serverError(status: 500), .connectFailed, .timedOut])
    func atMostOneAndAFifthAttemptsPerRequestWhenAllFail(outcome: Outcome) {
        var fleet = Fleet(
            FleetConfiguration(upstreams: (0..<3).map { upstream("u\($0)") }),
            seed: 1
        )
        var attempts = 0
        for index in 0..<100 {
            let now = UInt64(index) * 20 * millisecond
            var request = PickRequest()
            for _ in 0..<fleet.maxAttempts {
                guard case .attempt(let attempt) = fleet.pick(request, now: now) else { break }
                attempts += 1
                _ = fleet.end(attempt, outcome, now: now)
                request.excluded.append(attempt.upstream)
                request.isRetry = true
                guard fleet.takeRetry(now: now) else { break }
            }
        }
        #expect(attempts >= 100)
        #expect(attempts <= 120, "\(attempts)")
    }

    @Test func overloadedOneIsPassedOverUntilItsRetryAfter() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        guard case .attempt(let first) = fleet.pick(PickRequest(), now: 0) else {
            Issue.record("refused")
            return
        }
        _ = fleet.end(first, .overloaded(retryAfterSeconds: 7), now: 0)
        var early = 0
        for index in 0..<20 {
            let now = UInt64(index) * 300 * millisecond
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else { continue }
            if attempt.upstream == first.upstream { early += 1 }
            _ = fleet.end(attempt, .success, now: now)
        }
        #expect(early == 0)
        let later = (0..<2).map { _ in
            if case .attempt(let attempt) = fleet.pick(PickRequest(), now: 8 * second) {
                return attempt.upstream
            }
            return UpstreamID(index: -1, generation: 0)
        }
        #expect(later.contains(first.upstream))
        #expect(fleet.status(now: second).allSatisfy { $0.isHealthy })
    }

    /// A 429 from the only one is the client's answer: no second attempt goes there.
    @Test func overloadOfTheOnlyOneIsNotRetriedThere() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a")]), seed: 1)
        guard case .attempt(let first) = fleet.pick(PickRequest(), now: 0) else {
            Issue.record("refused")
            return
        }
        _ = fleet.end(first, .overloaded(retryAfterSeconds: 7), now: 0)
        var retry = PickRequest()
        retry.excluded = [first.upstream]
        retry.isRetry = true
        guard case .refused(.noneHealthy(let seconds)) = fleet.pick(retry, now: 0) else {
            Issue.record("retried")
            return
        }
        #expect(seconds == 7)
        // A new request still goes there: it is all there is.
        guard case .attempt = fleet.pick(PickRequest(), now: second) else {
            Issue.record("refused")
            return
        }
    }

    /// A restart under load: two requests see it refuse, then it is out, and it comes back slowly.
    @Test func deadInstanceIsTriedTwiceThenComesBackBySlowStart() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        let dead = fleet.status(now: 0)[1].id
        var refused = 0
        for index in 0..<100 {
            let now = UInt64(index) * 50 * millisecond
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else { continue }
            let isDead = attempt.upstream == dead
            if isDead { refused += 1 }
            _ = fleet.end(attempt, isDead ? .connectFailed : .success, now: now)
        }
        #expect(refused == 2)
        #expect(fleet.status(now: 5 * second)[1].passive == .out)
        for _ in 0..<4 {
            if case .attempt(let attempt) = fleet.pick(PickRequest(), now: 15 * second) {
                _ = fleet.end(attempt, .success, now: 15 * second)
            }
        }
        let back = fleet.status(now: 15 * second)[1]
        #expect(back.isHealthy)
        #expect(back.share == 0.1)
        #expect(fleet.status(now: 20 * second)[1].share == 0.5)
        #expect(fleet.status(now: 30 * second)[1].share == 1)
    }
}
