import QuireGateway
import Testing

@Suite struct FleetModelTests {
    private func serving(_ name: String, _ models: [String]) -> UpstreamConfiguration {
        var next = upstream(name)
        next.models = models
        return next
    }

    private func pick(_ fleet: inout Fleet, _ model: String?) -> (name: String, model: String?)? {
        guard case .attempt(let attempt) = fleet.pick(PickRequest(model: model), now: 0) else {
            return nil
        }
        return (fleet.configuration(of: attempt.upstream)?.name ?? "", attempt.model)
    }

    @Test func modelGoesToThoseWhoServeIt() {
        let configuration = FleetConfiguration(
            upstreams: [serving("a", ["x"]), serving("b", ["y"])]
        )
        var fleet = Fleet(configuration, seed: 1)
        for _ in 0..<4 { #expect(pick(&fleet, "y")?.name == "b") }
        #expect(pick(&fleet, "y")?.model == nil)
        guard case .refused(.unknownModel) = fleet.pick(PickRequest(model: "z"), now: 0) else {
            Issue.record("not refused")
            return
        }
    }

    @Test func aliasIsSentUnderTheInstancesOwnName() {
        var renamed = serving("b", ["x"])
        renamed.modelNames = ["x": "org/x-instruct"]
        var configuration = FleetConfiguration(upstreams: [serving("a", ["x"]), renamed])
        var group = ModelGroupConfiguration(model: "x")
        group.aliases = ["gpt-4o"]
        configuration.groups = [group]
        var fleet = Fleet(configuration, seed: 1)
        let picks = (0..<2).compactMap { _ in pick(&fleet, "gpt-4o") }
        #expect(picks.first { $0.name == "a" }?.model == "x")
        #expect(picks.first { $0.name == "b" }?.model == "org/x-instruct")
    }

    @Test func discoveredModelsMakeGroups() throws {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        #expect(pick(&fleet, "anything") != nil)
        let ids = fleet.status(now: 0).map(\.id)
        _ = fleet.report(ids[0], .models(["x"]), now: 0)
        _ = fleet.report(ids[1], .models(["y"]), now: 0)
        #expect(fleet.models == ["x", "y"])
        #expect(pick(&fleet, "x")?.name == "a")
        #expect(pick(&fleet, "y")?.name == "b")
        #expect(pick(&fleet, "anything") == nil)
        try fleet.checkInvariants()
    }

    @Test func fallbackModelAnswersWhenAllOfTheFirstAreOut() {
        var configuration = FleetConfiguration(
            upstreams: [serving("a", ["big"]), serving("b", ["small"])]
        )
        var group = ModelGroupConfiguration(model: "big")
        group.fallbackModels = ["small"]
        configuration.groups = [group]
        var fleet = Fleet(configuration, seed: 1)
        #expect(pick(&fleet, "big")?.name == "a")
        let id = fleet.status(now: 0)[0].id
        for _ in 0..<2 { _ = fleet.report(id, .check(isUp: false), now: 0) }
        let pick = pick(&fleet, "big")
        #expect(pick?.name == "b")
        #expect(pick?.model == "small")
    }

    @Test func drainedOnesGetNothingAndTheOperatorsWordHoldsForTheLast() {
        var fleet = Fleet(FleetConfiguration(upstreams: [upstream("a"), upstream("b")]), seed: 1)
        let ids = fleet.status(now: 0).map(\.id)
        fleet.drain(ids[0])
        for _ in 0..<4 { #expect(pick(&fleet, nil)?.name == "b") }
        fleet.eject(ids[1])
        #expect(pick(&fleet, nil) == nil)
        _ = fleet.undrain(ids[0], now: 0)
        #expect(pick(&fleet, nil)?.name == "a")
    }
}
