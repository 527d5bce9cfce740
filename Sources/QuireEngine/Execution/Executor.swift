package import QuireKernels

/// The step seam: all that the scheduler sees of a model on a device.
///
/// A CPU executor, a device executor, a group of them and the scripted fake of the tests conform.
/// Confined to the engine thread.
package protocol Executor: AnyObject {
    /// What one step can hold at the most, and the cache it runs on; fixed after start.
    var capacity: ExecutorCapacity { get }

    /// Computes the plan's rows and samples. `result` is emptied and filled: one entry per entry
    /// of `plan.samples`, in the same order. Throws if the step as a whole failed; then nothing of
    /// it may be used.
    func step(_ plan: StepPlan, into result: inout StepResult) throws(StepError)
}

/// The fixed sizes of an executor.
package struct ExecutorCapacity: Sendable, Hashable {
    /// Tokens of one step (`max-num-batched-tokens`).
    package var maxRows: Int
    /// Sequences of one step (`max-num-seqs`).
    package var maxSequences: Int
    /// Rows of one step whose logits may be asked for, at least `maxSequences`.
    package var maxLogitsRows: Int
    /// Tokens of one sequence (`max-model-len`).
    package var maxContext: Int
    /// Blocks of the key-value cache.
    package var blockCount: Int
    /// Tokens of one block.
    package var blockSize: Int
    package var vocabularySize: Int

    package init(
        maxRows: Int,
        maxSequences: Int,
        maxLogitsRows: Int,
        maxContext: Int,
        blockCount: Int,
        blockSize: Int,
        vocabularySize: Int
    ) {
        self.maxRows = maxRows
        self.maxSequences = maxSequences
        self.maxLogitsRows = maxLogitsRows
        self.maxContext = maxContext
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.vocabularySize = vocabularySize
    }
}

/// Why a whole step failed.
package struct StepError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// What one step computes and samples; one object reused for all steps.
package final class StepPlan {
    package let batch: StepBatch
    package var samples: [StepSample] = []

    package init(batch: StepBatch) { self.batch = batch }

    package func removeAll() {
        batch.removeAll()
        samples.removeAll(keepingCapacity: true)
    }
}

/// One row of logits, and what is made of it.
package struct StepSample {
    package enum Purpose {
        /// Choose the next token: the sequence has `position` tokens, `outputIndex` of them generated.
        case next(outputIndex: Int, position: Int)
        /// Report the probability of the prompt's own next token.
        case promptToken(Int32)
    }

    /// Index of its logits in the step's logits buffer.
    package var logitsIndex: Int
    package var purpose: Purpose
    package var sampling: SamplingParameters
    /// The request's tokens so far, for penalties and bad words; `nil` if it needs neither.
    package var history: TokenHistory?

    package init(
        logitsIndex: Int,
        purpose: Purpose,
        sampling: SamplingParameters,
        history: TokenHistory?
    ) {
        self.logitsIndex = logitsIndex
        self.purpose = purpose
        self.sampling = sampling
        self.history = history
    }
}

/// What a step gives back; one object reused for all steps.
package struct StepResult {
    package enum Outcome: Sendable {
        case token(Int32, TokenLogprobs?)
        /// The request's own parameters leave nothing to answer with.
        case unservable(String)
        /// This row cannot be used (its logits are not finite, say); the others can.
        case fault(String)
    }

    package var outcomes: [Outcome] = []

    package init() {}
}
