package import QuireKernels

/// A model that turns the batch given to its backend into logits.
///
/// Confined to the engine thread. `forward` allocates nothing.
package protocol LanguageModel<Device>: AnyObject {
    associatedtype Device: Backend

    /// Computes the backend's current batch; afterwards the first `logitsRows.count` rows of
    /// `logits` are those of the batch's `logitsRows`.
    func forward(on backend: Device)

    /// `[logits rows of a step, vocabulary]`.
    var logits: Device.Buffer { get }
}

/// How large a step may be; activation buffers are made for it once.
package struct ModelLimits: Sendable, Hashable {
    package var maxRows: Int
    package var maxLogitsRows: Int
    package var blockCount: Int
    package var blockSize: Int

    package init(maxRows: Int, maxLogitsRows: Int, blockCount: Int, blockSize: Int) {
        self.maxRows = maxRows
        self.maxLogitsRows = maxLogitsRows
        self.blockCount = blockCount
        self.blockSize = blockSize
    }
}
