import QuireGateway
import Testing

@Suite struct PrefixTableTests {
    @Test func remembersWhoHasABlock() {
        var table = PrefixTable(bytes: 16_000)
        #expect(table.holders(of: 7) == 0)
        table.remember([7, 8], salt: 0, tag: 3)
        table.remember([7], salt: 0, tag: 5)
        #expect(PrefixTable.contains(table.holders(of: 7), 3))
        #expect(PrefixTable.contains(table.holders(of: 7), 5))
        #expect(!PrefixTable.contains(table.holders(of: 8), 5))
        #expect(!PrefixTable.contains(table.holders(of: 7), 4))
    }

    @Test func fifthHolderPushesOutTheOldest() {
        var table = PrefixTable(bytes: 16_000)
        for tag in UInt16(1)...5 { table.remember([7], salt: 0, tag: tag) }
        table.remember([7], salt: 0, tag: 3)
        #expect(!PrefixTable.contains(table.holders(of: 7), 1))
        for tag in UInt16(2)...5 { #expect(PrefixTable.contains(table.holders(of: 7), tag)) }
    }

    /// A million unique prompts: prefix trees of others grow here until they are killed.
    @Test func uniquePromptsStayWithinTheByteBudget() {
        let bytes = 1 << 20
        var table = PrefixTable(bytes: bytes)
        #expect(table.byteCount == 0)
        var generator = SplitMix64(seed: 9)
        for _ in 0..<250_000 {
            table.remember((0..<4).map { _ in generator.next() }, salt: 1, tag: 2)
        }
        #expect(table.byteCount <= bytes)
        #expect(table.byteCount > bytes - 200)
        #expect(table.entryCount * PrefixTable.bytesPerEntry <= bytes)
        #expect(table.entryCount > 45_000)
    }

    @Test func recentBlocksSurviveOldOnes() {
        var table = PrefixTable(bytes: 20 * 8 * 64)
        var generator = SplitMix64(seed: 9)
        table.remember([42], salt: 0, tag: 1)
        for _ in 0..<5_000 {
            table.remember([generator.next()], salt: 0, tag: 2)
            table.remember([42], salt: 0, tag: 1)
        }
        #expect(PrefixTable.contains(table.holders(of: 42), 1))
    }
}
