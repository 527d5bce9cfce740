package import QuireKernels
package import QuireModels

/// Runs a model on a backend, and samples its logits on the engine thread.
package final class ModelExecutor<Device: Backend>: Executor {
    package let capacity: ExecutorCapacity
    private let model: any LanguageModel<Device>
    private let backend: Device
    private var sampler: Sampler

    package init(
        model: any LanguageModel<Device>,
        backend: Device,
        capacity: ExecutorCapacity
    ) {
        self.model = model
        self.backend = backend
        self.capacity = capacity
        sampler = Sampler(vocabularySize: capacity.vocabularySize)
    }

    package func step(_ plan: StepPlan, into result: inout StepResult) throws(StepError) {
        result.outcomes.removeAll(keepingCapacity: true)
        backend.begin(plan.batch)
        model.forward(on: backend)
        unsafe backend.withHostRows(of: model.logits, rows: plan.batch.logitsRows.count) { rows in
            for sample in plan.samples {
                let start = sample.logitsIndex * capacity.vocabularySize
                let row = unsafe rows[start..<start + capacity.vocabularySize]
                let logits = unsafe Span(_unsafeElements: UnsafeBufferPointer(rebasing: row))
                result.outcomes.append(sampler.sample(logits, sample))
            }
        }
    }
}
