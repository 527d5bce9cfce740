/// A chat: each prompt is the one before, its answer, and a new message.
struct SimulatedConversation {
    /// Tokens in a block; also what the gateway hashes by.
    static let blockTokens = 64

    private let seed: UInt64
    private let systemSeed: UInt64
    private let systemBlocks: Int
    private var keys: [UInt64] = []
    var turnsLeft: Int
    /// Of the prompt that is sent next.
    private(set) var promptTokens: Int

    init(seed: UInt64, system: Int, systemTokens: Int, firstTokens: Int, turns: Int) {
        self.seed = seed
        systemSeed = SplitMix64.mix(UInt64(truncatingIfNeeded: system) &+ 1)
        systemBlocks = systemTokens / Self.blockTokens
        promptTokens = max(1, systemTokens + firstTokens)
        turnsLeft = turns
    }

    /// An answer came and the user said something new.
    mutating func extend(by tokens: Int) { promptTokens += tokens }

    /// Chained hashes of the full blocks of the first so many tokens.
    mutating func keys(tokens: Int) -> [UInt64] {
        let count = tokens / Self.blockTokens
        while keys.count < count {
            let parent = keys.last ?? 0x71
            let content = keys.count < systemBlocks ? systemSeed : seed
            keys.append(SplitMix64.mix(parent &+ SplitMix64.mix(content)))
        }
        return Array(keys.prefix(count))
    }
}
