/// Prompts of random token ids, or of random words where a server takes text only.
///
/// Ids are taken from 3 to 258, which every published vocabulary has; what they mean does not
/// matter to the time they take. Equal seeds give equal prompts.
package struct SyntheticPrompts: Sendable {
    /// Ids that may occur.
    package var tokens = 3...258
    /// Prompts as words instead of ids; about one token per word, the server's count is reported.
    package var usesWords = false
    private var generator: SeededGenerator

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Independent prompts, each of `prefixLength` shared tokens and its own.
    ///
    /// Lengths are uniform within ± `rangeRatio` of the given ones.
    package mutating func random(
        count: Int,
        inputLength: Int,
        outputLength: Int,
        prefixLength: Int = 0,
        rangeRatio: Double = 0
    ) -> [GenerationRequest] {
        let prefix = draw(prefixLength)
        return (0..<max(0, count)).map { _ in
            let input = vary(inputLength, by: rangeRatio)
            return request(prefix + draw(input), outputLength: vary(outputLength, by: rangeRatio))
        }
    }

    /// Prompts that share one of a few beginnings, in an order that mixes them.
    package mutating func sharedPrefix(
        count: Int,
        prefixCount: Int,
        prefixLength: Int,
        suffixLength: Int,
        outputLength: Int
    ) -> [GenerationRequest] {
        let prefixes = (0..<max(1, prefixCount)).map { _ in draw(prefixLength) }
        var requests = (0..<max(0, count)).map { index in
            request(
                prefixes[index % prefixes.count] + draw(suffixLength),
                outputLength: outputLength
            )
        }
        requests.shuffle(using: &generator)
        return requests
    }

    private mutating func draw(_ count: Int) -> [Int32] {
        (0..<max(0, count)).map { _ in Int32(Int.random(in: tokens, using: &generator)) }
    }

    private mutating func vary(_ length: Int, by ratio: Double) -> Int {
        guard ratio > 0 else { return max(1, length) }
        let low = max(1, Int((Double(length) * (1 - ratio)).rounded(.down)))
        let high = max(low, Int((Double(length) * (1 + ratio)).rounded(.up)))
        return Int.random(in: low...high, using: &generator)
    }

    private func request(_ ids: [Int32], outputLength: Int) -> GenerationRequest {
        GenerationRequest(
            prompt: usesWords ? .text(Self.words(ids)) : .tokens(ids),
            maxTokens: outputLength,
            ignoresEnd: true,
            promptTokenCount: ids.count
        )
    }

    /// A word per id: sixteen times sixteen short ones.
    private static func words(_ ids: [Int32]) -> String {
        ids.map { id in
            first[Int(id) & 15] + second[Int(id) >> 4 & 15]
        }.joined(separator: " ")
    }

    private static let first = [
        "ba", "be", "da", "do", "fa", "go", "ha", "ka", "la", "ma", "no", "pa", "ra", "sa", "ta",
        "wa",
    ]
    private static let second = [
        "", "l", "n", "r", "s", "t", "nd", "ll", "rt", "st", "me", "ne", "re", "te", "ke", "le",
    ]
}
