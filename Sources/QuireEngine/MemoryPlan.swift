package import QuireModels

/// What the operator asked of memory, and what the machine has.
package struct MemoryRequest: Sendable, Hashable {
    /// Memory of the machine or of its cgroup, whichever is less.
    package var totalBytes: Int
    /// `--gpu-memory-utilization`: the share of it that this process may take.
    package var utilization: Double
    /// `--kv-cache-memory-bytes`, which goes before the share.
    package var cacheBytes: Int?
    /// `--max-model-len`.
    package var maxContext: Int?
    /// `--max-num-seqs`.
    package var maxSequences: Int
    /// `--max-num-batched-tokens`.
    package var maxRows: Int
    /// `--block-size`.
    package var blockSize: Int

    package init(
        totalBytes: Int,
        utilization: Double,
        cacheBytes: Int? = nil,
        maxContext: Int? = nil,
        maxSequences: Int,
        maxRows: Int,
        blockSize: Int
    ) {
        self.totalBytes = totalBytes
        self.utilization = utilization
        self.cacheBytes = cacheBytes
        self.maxContext = maxContext
        self.maxSequences = maxSequences
        self.maxRows = maxRows
        self.blockSize = blockSize
    }
}

/// Why the model does not fit, with the flag value that does.
package struct MemoryMisfit: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
}

/// Where memory goes, computed from the configuration before any is taken.
///
///     total × utilization = weights + activations + key-value cache
///
/// `--kv-cache-memory-bytes` goes before the share, not before the machine: the three together never
/// exceed the total. Without `--kv-cache-memory-bytes` the cache is no larger than 4 GiB, vLLM's default on CPUs,
/// and never larger than `max-num-seqs` sequences of full length can fill.
package struct MemoryPlan: Sendable, Hashable {
    /// The bound on a cache that nobody sized.
    package static let defaultCacheBytes = 4 << 30

    /// Rows of logits of one step, beside one for each sequence, that `prompt_logprobs` may take:
    /// at most, and with a vocabulary whose rows would take more than the bytes, at least.
    package static let promptLogitsRows = 8...64
    package static let promptLogitsBytes = 64 << 20

    package let weightBytes: Int
    package let activationBytes: Int
    package let cacheBytesPerToken: Int
    package let maxContext: Int
    /// Whether `maxContext` is less than the model's because memory is short.
    package let isContextReduced: Bool
    package let capacity: ExecutorCapacity
    package let limits: ModelLimits

    package init(
        _ request: MemoryRequest,
        model: DecoderConfiguration,
        weightBytes: Int
    ) throws(MemoryMisfit) {
        let wanted = request.maxContext ?? model.maxContext
        guard wanted <= model.maxContext else {
            throw MemoryMisfit(
                description: """
                    --max-model-len \(wanted) exceeds the model's context of \(model.maxContext) \
                    (max_position_embeddings); --max-model-len \(model.maxContext) fits
                    """
            )
        }
        let blockSize = request.blockSize
        // A step can compute no more rows than all its sequences have tokens.
        let (allTokens, overflows) = request.maxSequences.multipliedReportingOverflow(by: wanted)
        let maxRows = overflows ? request.maxRows : min(request.maxRows, allTokens)
        let maxLogitsRows =
            request.maxSequences + Self.promptLogitsRows(ofVocabulary: model.vocabularySize)
        var limits = ModelLimits(
            maxRows: maxRows,
            maxLogitsRows: maxLogitsRows,
            blockCount: 0,
            blockSize: blockSize
        )
        let activationBytes = model.activationBytes(limits)
        let usable = Int(Double(request.totalBytes) * request.utilization)
        let left = usable - weightBytes - activationBytes
        if request.cacheBytes == nil, left <= 0 {
            throw MemoryMisfit(description: Self.tooLarge(weightBytes, activationBytes, request))
        }
        let budget = request.cacheBytes ?? min(left, Self.defaultCacheBytes)
        let blockBytes = model.cacheBytesPerToken * blockSize
        let affordable = budget / blockBytes
        let blocksPerContext = (wanted + blockSize - 1) / blockSize
        var context = wanted
        if affordable < blocksPerContext {
            let fitting = affordable * blockSize
            guard request.maxContext == nil, fitting >= 16 else {
                throw MemoryMisfit(
                    description: Self.shortCache(
                        wanted,
                        fitting,
                        blocksPerContext * blockBytes,
                        budget
                    )
                )
            }
            context = fitting
        }
        let useful =
            overflows ? affordable : (allTokens + blockSize - 1) / blockSize + request.maxSequences
        limits.blockCount = max(min(affordable, useful), 1)
        let room = request.totalBytes - weightBytes - activationBytes
        guard limits.blockCount <= room / blockBytes else {
            throw MemoryMisfit(
                description: Self.tooMuchCache(
                    limits.blockCount * blockBytes,
                    max(0, room / blockBytes) * blockBytes,
                    weightBytes + activationBytes,
                    request
                )
            )
        }
        self.weightBytes = weightBytes
        self.activationBytes = activationBytes
        self.cacheBytesPerToken = model.cacheBytesPerToken
        self.maxContext = context
        self.isContextReduced = context < wanted
        self.limits = limits
        self.capacity = ExecutorCapacity(
            maxRows: maxRows,
            maxSequences: request.maxSequences,
            maxLogitsRows: maxLogitsRows,
            maxContext: context,
            blockCount: limits.blockCount,
            blockSize: blockSize,
            vocabularySize: model.vocabularySize
        )
    }

    private static func promptLogitsRows(ofVocabulary size: Int) -> Int {
        let affordable = promptLogitsBytes / (size * MemoryLayout<Float>.size)
        return min(max(affordable, promptLogitsRows.lowerBound), promptLogitsRows.upperBound)
    }

    /// Bytes of the key-value cache.
    package var cacheBytes: Int { capacity.blockCount * capacity.blockSize * cacheBytesPerToken }

    /// The plan in one line, as it is printed at start.
    package var summary: String {
        let tokens = capacity.blockCount * capacity.blockSize
        let reduced = isContextReduced ? " (reduced to fit; --max-model-len sets it)" : ""
        return """
            memory: weights \(Self.size(weightBytes)), activations \(Self.size(activationBytes)), \
            KV cache \(Self.size(cacheBytes)) = \(capacity.blockCount) blocks of \
            \(capacity.blockSize) = \(tokens) tokens; context \(maxContext)\(reduced)
            """
    }

    private static func tooLarge(
        _ weights: Int,
        _ activations: Int,
        _ request: MemoryRequest
    ) -> String {
        let needed = Double(weights + activations) / Double(max(request.totalBytes, 1))
        let advice =
            needed < 0.95
            ? "--gpu-memory-utilization \(Double(Int(needed * 100 + 6)) / 100) fits"
            : "this machine is too small for the model"
        return """
            weights (\(size(weights))) and activations (\(size(activations))) leave no room for \
            the KV cache in \(request.utilization) of \(size(request.totalBytes)); \(advice)
            """
    }

    private static func shortCache(
        _ wanted: Int,
        _ fitting: Int,
        _ needed: Int,
        _ budget: Int
    ) -> String {
        let byContext = fitting >= 16 ? "--max-model-len \(fitting) fits, or " : ""
        return """
            a context of \(wanted) tokens needs \(size(needed)) of KV cache, \(size(budget)) are \
            there; \(byContext)--kv-cache-memory-bytes \(needed) does
            """
    }

    private static func tooMuchCache(
        _ wanted: Int,
        _ fitting: Int,
        _ rest: Int,
        _ request: MemoryRequest
    ) -> String {
        let advice =
            fitting > 0
            ? "--kv-cache-memory-bytes \(fitting) is the most that fits"
            : "this machine is too small for the model"
        return """
            weights and activations (\(size(rest))) and a KV cache of \(size(wanted)) exceed the \
            memory of \(size(request.totalBytes)); \(advice)
            """
    }

    static func size(_ bytes: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        if unit == 0 { return "\(bytes) B" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
