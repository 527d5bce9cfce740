import QuireEngine
import Testing

@Suite struct BlockHashTests {
    private let key = BlockHashKey(first: 0x0706_0504_0302_0100, second: 0x0f0e_0d0c_0b0a_0908)

    /// Vectors of `openssl mac -macopt hexkey:00…0f -macopt size:16 SIPHASH` (OpenSSL 3) over the
    /// bytes 0, 1, 2, ….
    @Test(
        arguments: [
            (0, 0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d),
            (1, 0x61f5_5862_baa9_623b, 0xb497_14f3_64e2_830f),
            (2, 0xbb54_b067_caa4_e26e, 0x7705_2385_bf15_33fd),
            (8, 0x3fcd_d4c0_7d07_af1e, 0x4ba7_5836_384d_ad8c),
        ] as [(Int, UInt64, UInt64)]
    )
    func itIsSipHash(words: Int, low: UInt64, high: UInt64) {
        var state = SipHash128(key)
        for word in 0..<UInt64(words) {
            state.absorb((0..<8).reduce(0) { $0 | (word * 8 + $1) << ($1 * 8) })
        }
        let hash = state.finish()
        #expect(hash.low == low)
        #expect(hash.high == high)
    }

    @Test func everythingBeforeABlockIsInItsName() {
        let root = BlockHash.root(salt: "", key: key)
        let first = BlockHash.block(parent: root, tokens: [1, 2], key: key)
        let names: Set = [
            root, first,
            BlockHash.block(parent: first, tokens: [1, 2], key: key),
            BlockHash.block(parent: root, tokens: [2, 1], key: key),
            BlockHash.block(parent: root, tokens: [1], key: key),
            BlockHash.block(parent: root, tokens: [1, 2, 0], key: key),
            BlockHash.block(
                parent: root,
                tokens: [1, 2],
                key: BlockHashKey(first: 1, second: 2)
            ),
        ]
        #expect(names.count == 7)
        #expect(BlockHash.block(parent: root, tokens: [1, 2], key: key) == first)
    }

    @Test func saltsDoNotMeet() {
        let salts = ["", "a", "b", "ab", "\0", "\0\0", "12345678", "12345678\0", "123456781"]
        #expect(Set(salts.map { BlockHash.root(salt: $0, key: key) }).count == salts.count)
    }
}
