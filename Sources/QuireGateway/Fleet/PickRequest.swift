/// What a policy may know of a request.
package struct PickRequest: Sendable {
    /// As asked for; aliases are the fleet's to resolve.
    ///
    /// `nil`: any upstream will do.
    package var model: String?
    /// Hash of a header or of the user.
    package var stickyKey: UInt64?
    /// Chained hashes of the prompt's first blocks, longest last; empty when unknown.
    package var prefixKeys: [UInt64] = []
    /// An estimate (bytes / 4).
    package var promptTokens: Int = 0
    /// Upstreams this request has tried; it gets none of them again.
    package var excluded: [UpstreamID] = []
    /// A retry is not sent to instances that are only counted as healthy for want of others.
    package var isRetry: Bool = false
    /// Whether it may wait for a slot; without, a full group refuses at once.
    package var mayWait: Bool = true

    /// Whether another model may answer, where the configuration names one for that.
    package var mayFallBack: Bool = true

    package init(model: String? = nil) {
        self.model = model
    }
}
