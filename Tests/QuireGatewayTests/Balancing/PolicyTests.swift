import QuireGateway
import Testing

@Suite struct PolicyTests {
    private func fleet(_ policy: PolicyKind, weights: [Int]) -> Fleet {
        var upstreams = weights.indices.map { upstream("u\($0)") }
        for (index, weight) in weights.enumerated() { upstreams[index].weight = weight }
        var configuration = FleetConfiguration(upstreams: upstreams)
        configuration.policy = policy
        return Fleet(configuration, seed: 1)
    }

    private func pick(_ fleet: inout Fleet, _ request: PickRequest = PickRequest()) -> Attempt? {
        guard case .attempt(let attempt) = fleet.pick(request, now: 0) else { return nil }
        return attempt
    }

    /// nginx's own example: 5 : 1 : 1.
    @Test func roundRobinIsSmooth() {
        var fleet = fleet(.roundRobin, weights: [5, 1, 1])
        let order = (0..<7).compactMap { _ in pick(&fleet)?.upstream.index }
        #expect(order == [0, 0, 1, 0, 2, 0, 0])
    }

    @Test func leastConnectionsGoesByWeight() {
        var fleet = fleet(.leastConnections, weights: [3, 1])
        let counts = (0..<40).compactMap { _ in pick(&fleet)?.upstream.index }
        #expect(counts.count { $0 == 0 } == 30)
    }

    @Test func leastConnectionsTakesTurnsAmongEquals() {
        var fleet = fleet(.leastConnections, weights: [1, 1, 1])
        var order: [Int] = []
        for _ in 0..<6 {
            guard let attempt = pick(&fleet) else { return }
            order.append(attempt.upstream.index)
            _ = fleet.end(attempt, .success, now: 0)
        }
        #expect(order == [0, 1, 2, 0, 1, 2])
    }

    @Test func randomGoesByWeight() {
        var fleet = fleet(.random, weights: [3, 1])
        let order = (0..<1_000).compactMap { _ in pick(&fleet)?.upstream.index }
        #expect((700...800).contains(order.count { $0 == 0 }))
    }

    @Test func powerOfTwoChoicesAvoidsTheSlowOne() {
        var fleet = fleet(.powerOfTwoChoices, weights: [1, 1])
        var counts = [0, 0]
        for index in 0..<200 {
            let now = UInt64(index) * 20 * millisecond
            guard case .attempt(let attempt) = fleet.pick(PickRequest(), now: now) else { return }
            let place = attempt.upstream.index
            counts[place] += 1
            let end = now + (place == 0 ? 10 : 1_000) * millisecond
            fleet.firstByte(attempt, now: end)
            _ = fleet.end(attempt, .success, now: end)
        }
        #expect(counts[1] <= 10)
    }

    @Test func stickyKeepsItsKeysWhenOthersLeave() {
        var all = fleet(.sticky, weights: [1, 1, 1, 1])
        let ids = all.status(now: 0).map(\.id)
        func places(_ fleet: inout Fleet) -> [Int] {
            (0..<400).compactMap { key in
                var request = PickRequest()
                request.stickyKey = SplitMix64.mix(UInt64(key))
                return pick(&fleet, request)?.upstream.index
            }
        }
        let before = places(&all)
        all.drain(ids[3])
        let after = places(&all)
        #expect(zip(before, after).allSatisfy { $0 == 3 ? $1 != 3 : $0 == $1 })
        for place in 0..<4 { #expect((60...140).contains(before.count { $0 == place })) }
    }

    @Test func scoredSeesLoadThatCameByOtherWays() {
        var fleet = fleet(.scored, weights: [1, 1])
        let id = fleet.status(now: 0)[0].id
        let load = UpstreamLoad(running: 30, waiting: 5, kvUsage: 0.97)
        _ = fleet.report(id, .load(load), now: 0)
        let order = (0..<20).compactMap { _ in pick(&fleet)?.upstream.index }
        #expect(order.allSatisfy { $0 == 1 })
    }

    @Test func followUpGoesWhereItsPrefixIs() {
        var fleet = fleet(.prefixAffinity, weights: [1, 1, 1, 1])
        var keys: [[UInt64]] = (0..<32).map { [SplitMix64.mix(UInt64($0))] }
        var homes: [Int: Int] = [:]
        for turn in 0..<5 {
            for chat in keys.indices {
                var request = PickRequest()
                request.prefixKeys = keys[chat]
                request.promptTokens = 1_000 * keys[chat].count
                guard let attempt = pick(&fleet, request) else { return }
                let home = homes[chat] ?? attempt.upstream.index
                #expect(home == attempt.upstream.index, "turn \(turn) of chat \(chat)")
                homes[chat] = home
                _ = fleet.end(attempt, .success, now: 0)
                keys[chat].append(SplitMix64.mix(keys[chat][turn] ^ UInt64(chat)))
            }
        }
        for place in 0..<4 { #expect(homes.values.count { $0 == place } == 8) }
    }

    /// One prompt that all share does not pile up on the one who had it first.
    @Test func loadOfASharedPrefixIsBounded() {
        var fleet = fleet(.prefixAffinity, weights: [1, 1, 1, 1])
        for _ in 0..<400 {
            var request = PickRequest()
            request.prefixKeys = [1, 2, 3]
            request.promptTokens = 30_000
            _ = pick(&fleet, request)
        }
        let loads = fleet.status(now: 0).map(\.inFlight)
        #expect((loads.max() ?? 0) <= 202)
        #expect(loads.allSatisfy { $0 > 0 })
    }
}
