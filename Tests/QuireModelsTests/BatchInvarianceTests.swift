import QuireJSON
import QuireKernels
import QuireTestSupport
import Testing

/// The product's promise on whole models: a token's logits are the same bits alone and in a crowd.
@Suite struct BatchInvarianceTests {
    private static let models = ["models/stories260K", "tiny/mistral", "tiny/qwen3"]

    @Test(arguments: models, [ElementType.f32, .bf16])
    func logitsDependOnTheSequenceAlone(model: String, type: ElementType) throws {
        let alone = try ModelUnderTest(model, type: type)
        let prompts = (0..<6).map { sequence in
            (0..<(40 + 50 * sequence)).map { Int32(3 + ($0 * 31 + sequence * 17) % 250) }
        }
        let expected = prompts.map { alone.logits(of: $0).map { $0.map { $0.bitPattern } } }

        for threadCount in 1...3 {
            for blockSize in [8, 16] {
                let subject = try ModelUnderTest(
                    model,
                    type: type,
                    threadCount: threadCount,
                    blockSize: blockSize
                )
                for chunk in [1, 7, 300] {
                    let backward = (0..<Int32(64)).map { 63 - $0 }
                    let rows = subject.logits(of: prompts[2], chunk: chunk, blockTable: backward)
                    #expect(
                        rows.map { $0.map { $0.bitPattern } } == expected[2],
                        "\(threadCount) threads, blocks of \(blockSize), chunks of \(chunk)"
                    )
                }
                check(subject, prompts, expected, blockSize: blockSize)
            }
        }
    }

    /// All prompts side by side, each step taking another share of each.
    private func check(
        _ subject: ModelUnderTest,
        _ prompts: [[Int32]],
        _ expected: [[[UInt32]]],
        blockSize: Int
    ) {
        var done = [Int](repeating: 0, count: prompts.count)
        var turn = 0
        while let left = prompts.indices.map({ prompts[$0].count - done[$0] }).max(), left > 0 {
            turn += 1
            var pieces: [ModelUnderTest.Piece] = []
            var sequences: [Int] = []
            for (index, prompt) in prompts.enumerated() where done[index] < prompt.count {
                let share = min([1, 60, 7, 1, 33][(turn + index) % 5], prompt.count - done[index])
                let blocks = 320 / blockSize
                pieces.append(
                    .init(
                        tokens: Array(prompt[done[index]..<done[index] + share]),
                        computedCount: done[index],
                        // Interleaved: the sequences' blocks lie between one another's.
                        blockTable: (0..<blocks).map { Int32($0 * prompts.count + index) }
                    )
                )
                sequences.append(index)
            }
            var rows = subject.step(pieces)[...]
            for (piece, index) in zip(pieces, sequences) {
                let result = rows.prefix(piece.tokens.count).map { $0.map { $0.bitPattern } }
                rows = rows.dropFirst(piece.tokens.count)
                #expect(
                    result == Array(expected[index][done[index]..<done[index] + piece.tokens.count])
                )
                done[index] += piece.tokens.count
            }
        }
    }
}
