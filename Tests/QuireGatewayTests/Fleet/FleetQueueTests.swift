import QuireGateway
import Testing

@Suite struct FleetQueueTests {
    private func full(_ change: (inout FleetConfiguration) -> Void = { _ in }) -> (Fleet, Attempt?)
    {
        var configuration = FleetConfiguration(upstreams: [upstream("a")])
        configuration.bulkhead.maxConcurrentCalls = 1
        configuration.bulkhead.maxWaitingCalls = 2
        change(&configuration)
        var fleet = Fleet(configuration, seed: 1)
        guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: 0) else {
            return (fleet, nil)
        }
        return (fleet, attempt)
    }

    private func queue(_ fleet: inout Fleet, now: UInt64 = 0) -> Ticket? {
        guard case .queued(let ticket) = fleet.pick(PickRequest(), now: now) else { return nil }
        return ticket
    }

    @Test func slotIsHeldToTheEndAndGoesToTheFirstWhoWaits() throws {
        var (fleet, holder) = full()
        let attempt = try #require(holder)
        let first = try #require(queue(&fleet))
        let next = try #require(queue(&fleet))
        fleet.firstByte(attempt, now: second)
        #expect(fleet.waitingCount == 2)
        let grants = fleet.end(attempt, .success, now: second)
        #expect(grants.map(\.ticket) == [first])
        let more = fleet.end(grants[0].attempt, .success, now: second)
        #expect(more.map(\.ticket) == [next])
    }

    @Test func fullQueueRefusesAndSaysWhen() throws {
        var (fleet, _) = full()
        #expect(queue(&fleet) != nil)
        #expect(queue(&fleet) != nil)
        guard case .refused(.full(let seconds)) = fleet.pick(PickRequest(), now: 0) else {
            Issue.record("not refused")
            return
        }
        #expect(seconds >= 1)
    }

    @Test func ticketHasTheDeadlineOfItsBulkheadAndExpiresOnce() throws {
        var (fleet, _) = full()
        let ticket = try #require(queue(&fleet, now: second))
        #expect(ticket.deadline == 11 * second)
        let expiries = (0..<2).map { _ in fleet.expire(ticket, now: ticket.deadline) }
        #expect(expiries == [true, false])
        #expect(fleet.waitingCount == 0)
    }

    @Test func grantedTicketDoesNotExpire() throws {
        var (fleet, holder) = full()
        let ticket = try #require(queue(&fleet))
        let grants = fleet.end(try #require(holder), .success, now: 0)
        #expect(grants.count == 1)
        let hasExpired = fleet.expire(ticket, now: ticket.deadline)
        #expect(!hasExpired)
        #expect(fleet.inFlightCount == 1)
    }

    @Test func cancelAfterTheGrantFreesTheSlotForTheNext() throws {
        var (fleet, holder) = full()
        let first = try #require(queue(&fleet))
        let next = try #require(queue(&fleet))
        let grants = fleet.end(try #require(holder), .success, now: 0)
        #expect(grants.map(\.ticket) == [first])
        let more = fleet.cancel(first, now: 0)
        #expect(more.map(\.ticket) == [next])
        let none = fleet.end(grants[0].attempt, .success, now: 0)
        #expect(none.isEmpty)
        #expect(fleet.inFlightCount == 1)
        try fleet.checkInvariants()
    }

    @Test func requestThatMayNotWaitIsRefusedAtOnce() {
        var (fleet, _) = full()
        var request = PickRequest()
        request.mayWait = false
        guard case .refused(.full) = fleet.pick(request, now: 0) else {
            Issue.record("not refused")
            return
        }
    }

    /// A bucket that is refilled by time lets 31 run where 8 may.
    @Test func atMostEightRunAtOnceWhateverTime() throws {
        var (fleet, _) = full {
            $0.bulkhead.maxConcurrentCalls = 8
            $0.bulkhead.maxWaitingCalls = 100
        }
        for index in 1..<60 {
            _ = fleet.pick(PickRequest(), now: UInt64(index) * second / 10)
            #expect(fleet.inFlightCount == min(8, index + 1))
        }
        #expect(fleet.waitingCount == 52)
    }

    @Test func nextTierTakesWhatTheFirstHasNoRoomFor() throws {
        var spare = upstream("spare")
        spare.priority = 1
        var configuration = FleetConfiguration(upstreams: [spare, upstream("a")])
        configuration.bulkhead.maxConcurrentCalls = 2
        var fleet = Fleet(configuration, seed: 1)
        let names = (0..<4).map { _ in
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: 0) else { return "" }
            return fleet.configuration(of: attempt.upstream)?.name ?? ""
        }
        #expect(names == ["a", "a", "spare", "spare"])
    }
}
