/// The bounds of the plain routes.
package struct InferenceConfiguration: Hashable, Sendable {
    /// The model for requests that name none; `nil` leaves it to the fleet.
    package var model: String?
    /// Messages of a batch that are answered at the same time.
    package var batchConcurrency = 8
    /// A longer batch is refused with 400.
    package var batchCountMax = 1000
    /// A longer answer is a failure (502).
    package var answerBytesMax = 4 << 20
    /// While a batch holds more than this of answers whose turn has not come, none is begun.
    package var heldBytesMax = 16 << 20

    package init() {}
}
