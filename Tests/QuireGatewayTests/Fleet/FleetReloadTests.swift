import QuireGateway
import Testing

@Suite struct FleetReloadTests {
    private func pick(_ fleet: inout Fleet, _ request: PickRequest = PickRequest()) -> Attempt? {
        guard case .attempt(let attempt) = fleet.pick(request, now: 0) else { return nil }
        return attempt
    }

    @Test func reloadKeepsTheStateOfUnchangedUpstreams() throws {
        var configuration = FleetConfiguration(upstreams: [upstream("a"), upstream("b")])
        var fleet = Fleet(configuration, seed: 1)
        let ids = fleet.status(now: 0).map(\.id)
        fleet.drain(ids[1])
        let attempt = try #require(pick(&fleet))
        fleet.firstByte(attempt, now: 30 * millisecond)
        configuration.upstreams[0].weight = 5
        configuration.upstreams.insert(upstream("c"), at: 0)
        _ = fleet.reload(configuration, now: second)
        let status = fleet.status(now: second)
        let kept = try #require(status.first { $0.name == "a" })
        #expect(kept.id == ids[0])
        #expect(kept.inFlight == 1)
        #expect(kept.latency == 30e6)
        #expect(kept.weight == 5)
        #expect(kept.share == 1)
        #expect(status.first { $0.name == "b" }?.isDraining == true)
        #expect(status.first { $0.name == "c" }?.share == 0.1)
        let grants = fleet.end(attempt, .success, now: second)
        #expect(grants.isEmpty)
        try fleet.checkInvariants()
    }

    @Test func attemptsOfRemovedUpstreamsEndHarmlessly() throws {
        let old = FleetConfiguration(upstreams: [upstream("a"), upstream("b")])
        var fleet = Fleet(old, seed: 1)
        let first = try #require(pick(&fleet))
        let other = try #require(pick(&fleet))
        _ = fleet.reload(FleetConfiguration(upstreams: [upstream("c")]), now: 0)
        #expect(fleet.status(now: 0).count == 3)
        #expect(try #require(pick(&fleet)).upstream.generation == 3)
        _ = fleet.end(first, .cut, now: second)
        _ = fleet.end(first, .cut, now: second)
        _ = fleet.end(other, .success, now: second)
        try fleet.checkInvariants()
        #expect(fleet.status(now: 0).map(\.name) == ["c"])
        #expect(fleet.address(of: first.upstream) == nil)
        let grants = fleet.report(first.upstream, .check(isUp: false), now: 0)
        #expect(grants.isEmpty)
        let isKnown = fleet.drain(first.upstream)
        #expect(!isKnown)
    }

    @Test func upstreamThatComesBackWhileItsAttemptsRunIsTheSame() throws {
        let old = FleetConfiguration(upstreams: [upstream("a")])
        var fleet = Fleet(old, seed: 1)
        let attempt = try #require(pick(&fleet))
        _ = fleet.reload(FleetConfiguration(), now: 0)
        #expect(fleet.status(now: 0)[0].isRetired)
        _ = fleet.reload(old, now: 0)
        #expect(fleet.status(now: 0)[0].id == attempt.upstream)
        #expect(fleet.status(now: 0)[0].inFlight == 1)
    }

    @Test func thoseWhoWaitSurviveAReloadAndGetTheNewUpstream() throws {
        var configuration = FleetConfiguration(upstreams: [upstream("a")])
        configuration.bulkhead.maxConcurrentCalls = 1
        var fleet = Fleet(configuration, seed: 1)
        _ = try #require(pick(&fleet))
        guard case .queued(let ticket) = fleet.pick(PickRequest(), now: 0) else {
            Issue.record("not queued")
            return
        }
        configuration.upstreams.append(upstream("b"))
        let grants = fleet.reload(configuration, now: 0)
        #expect(grants.map(\.ticket) == [ticket])
        try fleet.checkInvariants()
    }
}
