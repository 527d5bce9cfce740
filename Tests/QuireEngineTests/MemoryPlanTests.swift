import QuireCheckpoint
import QuireEngine
import QuireJSON
import QuireModels
import Testing

@Suite struct MemoryPlanTests {
    /// One layer of one head: 2 × 8 floats, so 64 bytes of cache per token and 1 KiB per block.
    private static func model(
        context: Int = 1024,
        vocabulary: Int = 256
    ) throws -> DecoderConfiguration {
        try DecoderConfiguration(
            ModelConfiguration(
                path: "config.json",
                json: JSON(
                    parsing: """
                        {"vocab_size": \(vocabulary), "hidden_size": 8, "intermediate_size": 16,
                         "num_hidden_layers": 1, "num_attention_heads": 1, "head_dim": 8,
                         "max_position_embeddings": \(context)}
                        """
                )
            )
        )
    }

    private static let weights = 1 << 20

    private static func request(
        total: Int = 64 << 20,
        utilization: Double = 0.5,
        cache: Int? = nil,
        context: Int? = nil,
        sequences: Int = 4
    ) -> MemoryRequest {
        MemoryRequest(
            totalBytes: total,
            utilization: utilization,
            cacheBytes: cache,
            maxContext: context,
            maxSequences: sequences,
            maxRows: 64,
            blockSize: 16
        )
    }

    private static func plan(_ request: MemoryRequest, context: Int = 1024) throws -> MemoryPlan {
        try MemoryPlan(request, model: try model(context: context), weightBytes: weights)
    }

    /// What is asked, and the blocks and context that come of it.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var request: MemoryRequest
        var blockCount: Int
        var context = 1024
    }

    static let rows = [
        // Four sequences of 64 blocks, and one block's remainder each.
        Row(testDescription: "no more than useful", request: request(), blockCount: 260),
        Row(
            testDescription: "the asked size",
            request: request(cache: 100 << 10),
            blockCount: 100
        ),
        Row(
            testDescription: "the asked size, though beyond the share",
            request: request(utilization: 0.01, cache: 100 << 10),
            blockCount: 100
        ),
        Row(
            testDescription: "more than useful is not taken",
            request: request(cache: 1 << 40),
            blockCount: 260
        ),
        Row(
            testDescription: "a reduced context",
            request: request(cache: 10 << 10),
            blockCount: 10,
            context: 160
        ),
        Row(
            testDescription: "an asked context",
            request: request(cache: 10 << 10, context: 100),
            blockCount: 10,
            context: 100
        ),
    ]

    @Test(arguments: rows)
    func memoryIsSharedOut(row: Row) throws {
        let plan = try Self.plan(row.request)
        #expect(plan.capacity.blockCount == row.blockCount)
        #expect(plan.limits.blockCount == row.blockCount)
        #expect(plan.cacheBytes == row.blockCount << 10)
        #expect(plan.maxContext == row.context)
        #expect(plan.isContextReduced == (row.context < (row.request.maxContext ?? 1024)))
        #expect(
            plan.weightBytes + plan.activationBytes + plan.cacheBytes <= row.request.totalBytes
        )
        #expect(plan.capacity.maxLogitsRows == plan.capacity.maxSequences + 64)
        #expect(plan.limits.maxLogitsRows == plan.capacity.maxLogitsRows)
    }

    @Test(arguments: [
        (request(context: 2048), "--max-model-len 1024 fits"),
        (request(total: 3 << 19, utilization: 0.1), "--gpu-memory-utilization 0."),
        (request(total: 1 << 19), "this machine is too small for the model"),
        (request(total: 1 << 19, cache: 100 << 10), "this machine is too small for the model"),
        (request(cache: 10 << 10, context: 1024), "--max-model-len 160 fits"),
        (request(cache: 1023), "--kv-cache-memory-bytes 65536 does"),
    ])
    func whatDoesNotFitNamesWhatDoes(request: MemoryRequest, fragment: String) throws {
        let error = try #require(throws: MemoryMisfit.self) { try Self.plan(request) }
        #expect(error.description.contains(fragment), "\(error)")
    }

    @Test func aCacheThatTheMachineCannotHoldNamesTheLargestThatFits() throws {
        let activations = try Self.plan(Self.request()).activationBytes
        // Room for 70 blocks and a half.
        let total = Self.weights + activations + (70 << 10) + 512
        let error = try #require(throws: MemoryMisfit.self) {
            try Self.plan(Self.request(total: total, cache: 71 << 10))
        }
        #expect(error.description.hasSuffix("--kv-cache-memory-bytes 71680 is the most that fits"))
        let plan = try Self.plan(Self.request(total: total, cache: 71680))
        #expect(plan.capacity.blockCount == 70)
    }

    /// 64 MiB of logits are 55 rows of 300 thousand tokens; at least eight rows are given.
    @Test(arguments: [(256, 64), (262_144, 64), (300_000, 55), (4_000_000, 8)])
    func aLargeVocabularyGetsFewerRowsForPrompts(vocabulary: Int, rows: Int) throws {
        let plan = try MemoryPlan(
            Self.request(total: 1 << 30),
            model: try Self.model(vocabulary: vocabulary),
            weightBytes: Self.weights
        )
        #expect(plan.capacity.maxLogitsRows == 4 + rows)
    }

    /// 256 sequences of full length would be 160 thousand entries; the cache has a thousand blocks.
    @Test func roomForBlockTablesIsBoundedByTheCache() throws {
        let long = Self.request(cache: 1 << 20, context: 10_000, sequences: 256)
        let capacity = try Self.plan(long, context: 10_000_000).capacity
        #expect(StepLoop.blockTableRoom(capacity) == 1024)
        var huge = capacity
        huge.maxContext = .max - 100
        huge.maxSequences = .max
        #expect(StepLoop.blockTableRoom(huge) == 1024)
        // Where it is less, every sequence at full length.
        var small = capacity
        small.maxContext = 40
        small.maxSequences = 5
        #expect(StepLoop.blockTableRoom(small) == 15)
    }
}
