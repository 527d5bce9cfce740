import QuireCheckpoint
import QuireEngine
import QuireJSON
import QuireKernels
import QuireModels
import QuireTestSupport
import Testing

/// The stories260K model of the assets with its goldens, ready to be run by an engine.
struct Stories {
    struct Case {
        var prompt: [Int32]
        var greedy: [Int32]
        /// The likeliest tokens of each step, with their log-probabilities.
        var top: [[(token: Int32, logprob: Double)]]
    }

    /// How an engine is to run it.
    struct Setting: Sendable, CustomTestStringConvertible {
        var name: String
        var maxRows = 512
        var maxSequences = 64
        var blockSize = 16
        /// `nil` is enough for all.
        var blockCount: Int?
        var isSharing = true
        var threadCount = 1

        var testDescription: String { name }

        var capacity: ExecutorCapacity {
            ExecutorCapacity(
                maxRows: maxRows,
                maxSequences: maxSequences,
                maxLogitsRows: max(32, maxSequences),
                maxContext: 512,
                blockCount: blockCount ?? 64 * 512 / blockSize,
                blockSize: blockSize,
                vocabularySize: 512
            )
        }

        var configuration: EngineConfiguration {
            EngineConfiguration(
                capacity: capacity,
                prefixCacheKey: isSharing ? BlockHashKey(first: 1, second: 2) : nil,
                now: { 0 }
            )
        }
    }

    static let folder = "models/stories260K"

    static func cases() throws -> [Case] {
        try Assets.json(folder + "/golden.json")["cases"]?.array?.map { json in
            Case(
                prompt: tokens(json["prompt_ids"]),
                greedy: tokens(json["greedy_ids"]),
                top: (json["top5"]?.array ?? []).map { step in
                    (step.array ?? []).map { entry in
                        let pair = entry.array ?? []
                        return (Int32(pair[0].int ?? -1), pair[1].double ?? .nan)
                    }
                }
            )
        } ?? []
    }

    static func tokens(_ json: JSON?) -> [Int32] {
        (json?.array ?? []).compactMap { $0.int.map { Int32($0) } }
    }

    /// Makes the executor; on the thread that will run it.
    static func makeExecutor(_ setting: Setting) throws -> any Executor {
        let checkpoint = try Checkpoint(folder: Assets.path(folder))
        let backend = CPUBackend(threadCount: setting.threadCount)
        let architecture = try ModelRegistry.architecture(of: checkpoint.configuration)
        let capacity = setting.capacity
        let model = try architecture.make(
            WeightScope(checkpoint: checkpoint, backend: backend, type: .f32),
            architecture.configuration(checkpoint.configuration),
            ModelLimits(
                maxRows: capacity.maxRows,
                maxLogitsRows: capacity.maxLogitsRows,
                blockCount: capacity.blockCount,
                blockSize: capacity.blockSize
            )
        )
        return ModelExecutor(model: model, backend: backend, capacity: capacity)
    }

    /// A request for `count` greedy tokens.
    static func request(
        _ prompt: [Int32],
        count: Int = 64,
        index: Int,
        _ change: (inout SamplingParameters.Fields) -> Void = { _ in }
    ) -> EngineRequest {
        var fields = SamplingParameters.Fields()
        fields.temperature = 0
        fields.maxTokens = count
        fields.ignoresEnd = true
        fields.endTokens = [2]
        change(&fields)
        return EngineRequest(
            address: EngineRun.address(index),
            promptTokens: prompt,
            sampling: SamplingParameters(fields),
            arrivalNanoseconds: 0
        )
    }
}
