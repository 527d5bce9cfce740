extension Fleet {
    /// Chooses an upstream and takes a slot of it, or queues the request, or refuses it.
    package mutating func pick(_ request: PickRequest, now: UInt64) -> Pick {
        if !request.isRetry { retryBudget.deposit(configuration.retry) }
        guard let group = group(for: request.model) else { return .refused(.unknownModel) }
        let fallbacks = request.mayFallBack ? groups[group].fallbackModels : []
        // With a fallback model, a group whose instances are all ejected gives way to it.
        switch place(request, in: group, mayPanic: fallbacks.isEmpty, now: now) {
        case .placed(let attempt): return .attempt(attempt)
        case .mustWait where request.mayWait && hasQueueRoom(group):
            return .queued(enqueue(request, in: group, now: now))
        case .mustWait, .nobody: break
        }
        for model in fallbacks {
            guard let fallback = self.group(for: model), fallback != group else { continue }
            if case .placed(let attempt) = place(request, in: fallback, mayPanic: false, now: now) {
                return .attempt(attempt)
            }
        }
        if !fallbacks.isEmpty,
            case .placed(let attempt) = place(request, in: group, mayPanic: true, now: now)
        {
            return .attempt(attempt)
        }
        return .refused(refusal(of: request, in: group, now: now))
    }

    /// Frees waiting requests for slots that came by time alone (a breaker's wait is over, an
    /// instance brought up).
    ///
    /// The driver calls it about once a second.
    package mutating func tick(now: UInt64) -> [Grant] { grantWaiters(now: now) }

    enum Placement {
        case placed(Attempt)
        /// Somebody could take it, but has no free slot.
        case mustWait
        /// Nobody is left who may be tried.
        case nobody
    }

    /// Chooses among a group's members and takes the slot.
    mutating func place(
        _ request: PickRequest,
        in group: Int,
        mayPanic: Bool,
        now: UInt64
    ) -> Placement {
        guard let worst = worstCondition(in: group, now: now),
            mayPanic && !request.isRetry || worst.rawValue <= Condition.answering.rawValue
        else { return .nobody }
        let survey = gatherCandidates(request, in: group, worst: worst, now: now)
        if candidates.isEmpty { return survey.isAnyFull ? .mustWait : .nobody }
        context.now = now
        context.salt = groups[group].salt
        context.uncachedTokens = nil
        let place = groups[group].policy.choose(from: candidates, request, &context)
        return .placed(begin(request, candidates[place], in: group, now: now))
    }

    /// The worst condition an instance may be in to count as healthy: worse than healthy only when
    /// there are too few.
    ///
    /// `nil`: the operator closed all.
    private func worstCondition(in group: Int, now: UInt64) -> Condition? {
        var counts = (0, 0, 0, 0)
        for member in groups[group].members {
            guard let upstream = upstreams[member], upstream.isOpenForRequests else { continue }
            switch upstream.condition(at: now, configuration) {
            case .healthy: counts.0 += 1
            case .answering: counts.1 += 1
            case .failing: counts.2 += 1
            case .dead: counts.3 += 1
            }
        }
        let all = counts.0 + counts.1 + counts.2 + counts.3
        guard all > 0 else { return nil }
        let wanted = min(max(1, configuration.minHealthyUpstreams), all)
        if counts.0 >= wanted { return .healthy }
        if counts.0 + counts.1 >= wanted { return .answering }
        return counts.0 + counts.1 + counts.2 >= wanted ? .failing : .dead
    }

    private struct Survey {
        var isAnyFull = false
    }

    /// Fills `candidates` with those of the first tier that has a free slot.
    private mutating func gatherCandidates(
        _ request: PickRequest,
        in group: Int,
        worst: Condition,
        now: UInt64
    ) -> Survey {
        var survey = Survey()
        candidates.removeAll(keepingCapacity: true)
        var tier: Int?
        var overloaded: [Int] = []
        for (place, member) in groups[group].members.enumerated() {
            guard let upstream = upstreams[member], upstream.isOpenForRequests,
                upstream.condition(at: now, configuration).rawValue <= worst.rawValue,
                !request.excluded.contains(id(ofRow: member))
            else { continue }
            if let tier, tier != upstream.configuration.priority { break }
            if upstream.overloadedUntil > now {
                overloaded.append(place)
            } else if upstream.hasRoom {
                tier = upstream.configuration.priority
                candidates.append(candidate(member, place: place, now: now))
            } else {
                survey.isAnyFull = true
            }
        }
        guard candidates.isEmpty, !survey.isAnyFull else { return survey }
        // All there is has said "too many requests": then one of those.
        for place in overloaded {
            let member = groups[group].members[place]
            if upstreams[member]?.hasRoom == true {
                candidates.append(candidate(member, place: place, now: now))
            } else {
                survey.isAnyFull = true
            }
        }
        return survey
    }

    private func candidate(_ row: Int, place: Int, now: UInt64) -> Candidate {
        guard let upstream = upstreams[row] else { preconditionFailure("a member has its row") }
        let isLoadFresh = upstream.load != nil && now &- upstream.loadAt < Self.loadValidity
        return Candidate(
            member: place,
            upstream: row,
            identity: upstream.identity,
            tag: upstream.tag,
            weight: Double(upstream.weight) * upstream.share(at: now, configuration.slowStart),
            inFlight: upstream.inFlight,
            queuedTokens: upstream.queuedTokens,
            latency: upstream.latency,
            load: isLoadFresh ? upstream.load : nil,
            inFlightSinceLoad: upstream.inFlight - upstream.inFlightAtLoad
        )
    }

    /// Scraped load older than this says nothing.
    static let loadValidity: UInt64 = 60_000_000_000

    private mutating func begin(
        _ request: PickRequest,
        _ chosen: Candidate,
        in group: Int,
        now: UInt64
    ) -> Attempt {
        let row = chosen.upstream
        guard let target = upstreams[row]?.target else {
            preconditionFailure("a candidate has its row")
        }
        let queuedTokens = max(0, context.uncachedTokens ?? request.promptTokens)
        upstreams[row]?.inFlight += 1
        upstreams[row]?.totals.attempts += 1
        upstreams[row]?.queuedTokens += queuedTokens
        let serial = attempts.insert(
            AttemptRecord(
                upstream: row,
                startedAt: now,
                breakerEpoch: upstreams[row]?.breaker.begin(at: now) ?? 0,
                passiveEpoch: upstreams[row]?.passive.begin(at: now) ?? 0,
                queuedTokens: queuedTokens
            )
        )
        return Attempt(
            upstream: id(ofRow: row),
            target: target,
            serial: serial,
            startedAt: now,
            model: modelName(for: request, in: group, at: target)
        )
    }

    /// The name to send in place of the one that was asked for, if that is another.
    private func modelName(
        for request: PickRequest,
        in group: Int,
        at target: UpstreamTarget
    ) -> String? {
        guard let model = groups[group].model ?? request.model else { return nil }
        let name = target.configuration.modelNames[model] ?? model
        return name == request.model ? nil : name
    }

    private func refusal(of request: PickRequest, in group: Int, now: UInt64) -> Refusal {
        var isAnyFull = false
        var retryAt = UInt64.max
        for member in groups[group].members {
            guard let upstream = upstreams[member], upstream.isOpenForRequests else { continue }
            let isHealthy = upstream.condition(at: now, configuration) == .healthy
            if isHealthy, !upstream.hasRoom, !request.excluded.contains(id(ofRow: member)) {
                isAnyFull = true
            }
            retryAt = min(retryAt, upstream.retryAt(now))
        }
        let pause = retryAt == .max ? 10_000_000_000 : retryAt - now
        let seconds = Int(min(60, max(1, (pause + 999_999_999) / 1_000_000_000)))
        return isAnyFull
            ? .full(retryAfterSeconds: seconds) : .noneHealthy(retryAfterSeconds: seconds)
    }
}
