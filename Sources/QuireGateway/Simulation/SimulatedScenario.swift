/// A day at the gateway, made small: engines, what is wrong with them, and who comes.
package struct SimulatedScenario: Sendable {
    package var name: String
    package var engines: [SimulatedEngineConfiguration]
    package var conversations: Int = 1_000
    /// Conversations that begin per second, on average.
    package var arrivalsPerSecond: Double = 16
    /// In each period, all arrivals come in its first quarter.
    package var burstPeriodSeconds: Double?
    package var turns: ClosedRange<Int> = 1...1
    package var systemPrompts: Int = 1
    package var systemTokens: Int = 0
    package var userTokens: ClosedRange<Int> = 64...512
    /// Of so many in a hundred the first message is `longTokens` long.
    package var longPercent: Int = 0
    package var longTokens: Int = 8_192
    package var outputTokens: ClosedRange<Int> = 32...192
    /// Between an answer and the next turn, on average.
    package var thinkSeconds: Double = 6
    package var firstByteTimeoutSeconds: Double = 10

    package init(name: String, engines: [SimulatedEngineConfiguration]) {
        self.name = name
        self.engines = engines
    }

    /// The scenarios of the table, four engines each.
    package static var all: [SimulatedScenario] {
        let well = SimulatedEngineConfiguration()
        func four(_ fault: SimulatedFault) -> [SimulatedEngineConfiguration] {
            var last = well
            last.fault = fault
            return [well, well, well, last]
        }
        let steady = SimulatedScenario(name: "steady", engines: four(.none))
        var bursts = SimulatedScenario(name: "bursts", engines: four(.none))
        bursts.burstPeriodSeconds = 8
        var mixed = SimulatedScenario(name: "long and short", engines: four(.none))
        mixed.longPercent = 10
        let slow = SimulatedScenario(name: "one 10x slower", engines: four(.slow(10)))
        let dead = SimulatedScenario(name: "one dead", engines: four(.dead))
        let hangs = SimulatedScenario(name: "one hangs", engines: four(.hangs))
        let fails = SimulatedScenario(name: "one answers 500", engines: four(.fails))
        return [steady, bursts, mixed, slow, dead, hangs, fails, multiTurn]
    }

    /// Chats of several turns with system prompts in common; more than the caches hold.
    package static var multiTurn: SimulatedScenario {
        var engine = SimulatedEngineConfiguration()
        engine.cacheBlocks = 2_560
        var chats = SimulatedScenario(
            name: "multi-turn chats",
            engines: [engine, engine, engine, engine]
        )
        chats.conversations = 600
        chats.arrivalsPerSecond = 4
        chats.turns = 4...12
        chats.systemPrompts = 8
        chats.systemTokens = 512
        chats.userTokens = 32...256
        return chats
    }
}
