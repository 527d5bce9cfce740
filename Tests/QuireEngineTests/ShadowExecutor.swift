import QuireEngine
import QuireKernels

/// Runs ``ShadowModel`` through a shadow of the key-value cache.
///
/// Each slot remembers which token, position and history were written to it. Reading a sequence
/// walks its block table and finds every slot that holds something else: a block given to two, a
/// prefix taken from another text, a row that was never computed.
final class ShadowExecutor: Executor {
    private struct Slot {
        var token: Int32
        var position: Int
        var state: ShadowModel.State
        var step: Int
    }

    let capacity: ExecutorCapacity
    /// Throws as a whole in the steps for which this says so.
    var failsStep: (Int) -> Bool = { _ in false }
    private(set) var stepCount = 0
    private(set) var computedRows = 0
    private(set) var complaints: [String] = []
    private var slots: [Slot?]

    init(_ capacity: ExecutorCapacity) {
        self.capacity = capacity
        slots = Array(repeating: nil, count: capacity.blockCount * capacity.blockSize)
    }

    func step(_ plan: StepPlan, into result: inout StepResult) throws(StepError) {
        stepCount += 1
        computedRows += plan.batch.rowCount
        result.outcomes.removeAll(keepingCapacity: true)
        checkBudget(plan)
        var states = Array(repeating: ShadowModel.State(), count: plan.batch.rowCount)
        for sequence in plan.batch.sequences { compute(sequence, plan.batch, &states) }
        if failsStep(stepCount) { throw StepError("the device is gone") }
        for sample in plan.samples {
            let row = Int(plan.batch.logitsRows[sample.logitsIndex])
            result.outcomes.append(outcome(of: sample, states[row]))
        }
    }

    private func outcome(
        of sample: StepSample,
        _ state: ShadowModel.State
    ) -> StepResult.Outcome {
        if state.isFaulty { return .fault("logits are not finite") }
        switch sample.purpose {
        case .promptToken(let token):
            return .token(token, ShadowModel.logprobs(of: token, state))
        case .next(let outputIndex, _):
            if let history = sample.history, history.outputTokens.count != outputIndex {
                complaints.append("a history of \(history.outputTokens.count) at \(outputIndex)")
            }
            let token = state.nextToken
            let wantsLogprobs = sample.sampling.fields.logprobs != nil
            return .token(token, wantsLogprobs ? ShadowModel.logprobs(of: token, state) : nil)
        }
    }

    private func checkBudget(_ plan: StepPlan) {
        let batch = plan.batch
        if batch.rowCount == 0 { complaints.append("an empty step") }
        if batch.rowCount > capacity.maxRows { complaints.append("\(batch.rowCount) rows") }
        if batch.sequences.count > capacity.maxSequences { complaints.append("sequences") }
        if batch.logitsRows.count > capacity.maxLogitsRows { complaints.append("logits rows") }
        if plan.samples.map(\.logitsIndex) != Array(0..<batch.logitsRows.count) {
            complaints.append("a row of logits per sample, in order")
        }
    }

    /// Writes the sequence's rows, and reads all that stands before them.
    private func compute(
        _ sequence: StepBatch.Sequence,
        _ batch: StepBatch,
        _ states: inout [ShadowModel.State]
    ) {
        var state = ShadowModel.State()
        let computedCount = sequence.contextCount - sequence.rowCount
        for position in 0..<sequence.contextCount {
            let block = Int(
                batch.blockTables[sequence.blockTableStart + position / capacity.blockSize]
            )
            guard (0..<capacity.blockCount).contains(block) else {
                return complaints.append("block \(block)")
            }
            let index = block * capacity.blockSize + position % capacity.blockSize
            if position >= computedCount {
                let row = sequence.firstRow + position - computedCount
                let token = batch.tokens[row]
                state = state.after(token)
                states[row] = state
                if Int(batch.slots[row]) != index || Int(batch.positions[row]) != position {
                    complaints.append("row \(row) goes to slot \(batch.slots[row])")
                }
                if slots[index]?.step == stepCount { complaints.append("slot \(index): twice") }
                slots[index] = Slot(
                    token: token,
                    position: position,
                    state: state,
                    step: stepCount
                )
            } else {
                guard let slot = slots[index] else {
                    return complaints.append("slot \(index) is read and was never written")
                }
                state = state.after(slot.token)
                if slot.position != position || slot.state != state || slot.step == stepCount {
                    complaints.append("slot \(index) is read as position \(position): \(slot)")
                }
            }
        }
    }
}
