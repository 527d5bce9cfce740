extension Fleet {
    /// The first byte of an answer came.
    package mutating func firstByte(_ attempt: Attempt, now: UInt64) {
        guard var record = attempts[attempt.serial] else { return }
        let row = record.upstream
        upstreams[row]?.queuedTokens -= record.queuedTokens
        record.queuedTokens = 0
        let isFirst = !record.hasAnswered
        record.hasAnswered = true
        attempts[attempt.serial] = record
        guard isFirst else { return }
        upstreams[row]?.latency.add(
            now > record.startedAt ? now - record.startedAt : 0,
            at: now,
            decay: configuration.latency.decay
        )
    }

    /// An attempt is over: frees its slot, learns from it.
    ///
    /// Returns who waited and now holds one.
    ///
    /// To end an attempt twice does nothing.
    package mutating func end(_ attempt: Attempt, _ outcome: Outcome, now: UInt64) -> [Grant] {
        guard let record = attempts.remove(attempt.serial) else { return [] }
        if let waiter = record.waiter { _ = waiters.remove(waiter) }
        let row = record.upstream
        guard var upstream = upstreams[row] else { preconditionFailure("it has its row") }
        upstreams[row] = nil  // Taken out and put back, so that nothing is copied.
        upstream.inFlight -= 1
        upstream.queuedTokens -= record.queuedTokens
        upstream.totals.count(outcome)
        learn(outcome, record, about: &upstream, now: now)
        let isGone = upstream.isRetired && upstream.inFlight == 0
        if !isGone { upstreams[row] = upstream }
        return grantWaiters(now: now)
    }

    private func learn(
        _ outcome: Outcome,
        _ record: AttemptRecord,
        about upstream: inout Upstream,
        now: UInt64
    ) {
        let verdict = outcome.verdict
        let before = upstream.condition(at: now, configuration)
        let wasTrial = upstream.breaker.state == .halfOpen || upstream.passive.phase == .trial
        switch verdict {
        case .good:
            upstream.failureStreak = 0
            upstream.clearOverload(startedAt: record.startedAt)
        case .failing, .unreachable: upstream.failureStreak += 1
        case .alive, .none: break
        }
        upstream.breaker.end(
            epoch: record.breakerEpoch,
            failed: verdict == .good ? false : verdict.isFailure ? true : nil,
            at: now
        )
        upstream.passive.end(
            epoch: record.passiveEpoch,
            reached: verdict == .none ? nil : verdict != .unreachable,
            at: now
        )
        if outcome == .timedOut, !record.hasAnswered {
            // It is at least as slow as it was waited for.
            let waited = now > record.startedAt ? now - record.startedAt : 0
            upstream.latency.add(waited, at: now, decay: configuration.latency.decay)
        }
        if case .overloaded(let seconds) = outcome {
            let limits = configuration.overload
            let asked = seconds.map { Duration.seconds(max(0, min($0, 1 << 30))) }
            let pause = min(asked ?? limits.defaultRetryAfter, limits.maxRetryAfter)
            upstream.passOver(until: now.saturatingAdd(pause.clampedNanoseconds), at: now)
        }
        let isWell = upstream.breaker.state == .closed && upstream.passive.phase == .up
        if wasTrial, isWell { upstream.startRamp(at: now) }
        if before == .healthy, upstream.condition(at: now, configuration) != .healthy, !wasTrial {
            upstream.totals.ejections += 1
        }
    }

    // MARK: Those who wait

    /// The deadline of a ticket came.
    ///
    /// False: it was granted before, or is over; a grant is on its way to the driver or has been
    /// there.
    package mutating func expire(_ ticket: Ticket, now: UInt64) -> Bool {
        guard let waiter = waiters[ticket.serial], waiter.attempt == nil else { return false }
        unlink(ticket.serial)
        _ = waiters.remove(ticket.serial)
        return true
    }

    /// The owner of a ticket has left.
    ///
    /// If it was granted meanwhile, its slot is freed here: a grant that still arrives must be
    /// dropped (to end it does nothing).
    package mutating func cancel(_ ticket: Ticket, now: UInt64) -> [Grant] {
        guard let waiter = waiters[ticket.serial] else { return [] }
        if let attempt = waiter.attempt { return end(attempt, .cancelled, now: now) }
        unlink(ticket.serial)
        _ = waiters.remove(ticket.serial)
        return []
    }

    func hasQueueRoom(_ group: Int) -> Bool {
        groups[group].waiterCount < configuration.bulkhead.maxWaitingCalls
            && configuration.bulkhead.maxWaitDuration > .zero
    }

    mutating func enqueue(_ request: PickRequest, in group: Int, now: UInt64) -> Ticket {
        let pause = configuration.bulkhead.maxWaitDuration.clampedNanoseconds
        let deadline = now.saturatingAdd(pause)
        let waiter = Waiter(request: request, deadline: deadline, order: nextOrder, group: nil)
        nextOrder += 1
        let serial = waiters.insert(waiter)
        link(serial, into: group)
        return Ticket(serial: serial, deadline: deadline)
    }

    /// Puts a waiter at the end of a group's queue.
    mutating func link(_ serial: UInt64, into group: Int) {
        waiters[serial]?.group = group
        waiters[serial]?.previous = groups[group].lastWaiter
        if let last = groups[group].lastWaiter {
            waiters[last]?.next = serial
        } else {
            groups[group].firstWaiter = serial
            waitingGroups.append(group)
        }
        groups[group].lastWaiter = serial
        groups[group].waiterCount += 1
    }

    mutating func unlink(_ serial: UInt64) {
        guard let waiter = waiters[serial], let group = waiter.group else { return }
        if let previous = waiter.previous {
            waiters[previous]?.next = waiter.next
        } else {
            groups[group].firstWaiter = waiter.next
        }
        if let next = waiter.next {
            waiters[next]?.previous = waiter.previous
        } else {
            groups[group].lastWaiter = waiter.previous
        }
        groups[group].waiterCount -= 1
        if groups[group].waiterCount == 0 { waitingGroups.removeAll { $0 == group } }
        waiters[serial]?.group = nil
        waiters[serial]?.next = nil
        waiters[serial]?.previous = nil
    }

    /// Gives free slots to those who wait, the oldest first over all groups.
    mutating func grantWaiters(now: UInt64) -> [Grant] {
        guard !waitingGroups.isEmpty else { return [] }
        var grants: [Grant] = []
        var blocked: [Int] = []
        while let group = oldestGroup(except: blocked) {
            if let grant = grantFirst(in: group, now: now) {
                grants.append(grant)
            } else {
                blocked.append(group)
            }
        }
        return grants
    }

    private func oldestGroup(except blocked: [Int]) -> Int? {
        var oldest: Int?
        var oldestOrder = UInt64.max
        for group in waitingGroups where !blocked.contains(group) {
            guard let first = groups[group].firstWaiter, let waiter = waiters[first],
                waiter.order < oldestOrder
            else { continue }
            oldest = group
            oldestOrder = waiter.order
        }
        return oldest
    }

    /// The first in a queue who can use a free slot gets it.
    ///
    /// Those ahead that may not go where there is room (they tried it already) are passed, but not
    /// for more than 16 places.
    private mutating func grantFirst(in group: Int, now: UInt64) -> Grant? {
        var next = groups[group].firstWaiter
        for _ in 0..<16 {
            guard let serial = next, let waiter = waiters[serial] else { return nil }
            let placement = place(waiter.request, in: group, mayPanic: true, now: now)
            if case .placed(let attempt) = placement {
                unlink(serial)
                waiters[serial]?.attempt = attempt
                attempts[attempt.serial]?.waiter = serial
                return Grant(
                    ticket: Ticket(serial: serial, deadline: waiter.deadline),
                    attempt: attempt
                )
            }
            // Who tried nothing yet can go anywhere: if it finds no slot, nobody does.
            if waiter.request.excluded.isEmpty, !waiter.request.isRetry { return nil }
            next = waiter.next
        }
        return nil
    }
}
