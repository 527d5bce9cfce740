/// All shared state of the gateway's upstreams: who is in flight, who is well, who waits.
///
/// A pure value, held by a driver in a `Mutex`: lock, one call, unlock, then act. It does no I/O
/// and reads no clock (`now` is monotonic nanoseconds); its randomness is seeded. Every call is
/// O(upstreams of the model), but `reload` and reports of new models, which rebuild the groups.
///
///     pick ─▶ attempt ───────────────▶ end ─▶ slot free ─▶ grants to those who wait
///        ├──▶ queued ─▶ granted ──▶ (as above)
///        │         ├──▶ expire
///        │         └──▶ cancel
///        └──▶ refused
///
/// Who may be sent to, in this order: what the operator closed is never used; what is ejected is
/// used only while too few are healthy (see `Condition`); what says "too many requests" is passed
/// over while another one is there, even if that is full and must be waited for; of the rest the
/// first tier with a free slot goes to the policy.
package struct Fleet: Sendable {
    var configuration: FleetConfiguration
    /// Rows by `UpstreamID.index`; `nil` rows are free.
    var upstreams: [Upstream?] = []
    var groups: [ModelGroup] = []
    /// Names and aliases to places in `groups`.
    var groupOfModel: [String: Int] = [:]
    var attempts = Slab<AttemptRecord>()
    var waiters = Slab<Waiter>()
    /// Groups that somebody waits in.
    var waitingGroups: [Int] = []
    var nextOrder: UInt64 = 0
    var retryBudget: RetryBudget
    var context: BalancingContext
    /// Reused by each pick: a fresh array was one allocation per request.
    var candidates: [Candidate] = []
    private var nextGeneration = 0

    /// The group of requests without a model: everyone.
    static let anyGroup = 0
    /// The group of models nobody lists: those whose models are not known.
    static let unlistedGroup = 1

    package init(_ configuration: FleetConfiguration, seed: UInt64) {
        self.configuration = configuration
        retryBudget = RetryBudget(configuration.retry)
        context = BalancingContext(
            seed: seed,
            tableBytes: configuration.prefixAffinity.tableBytes
        )
        for upstream in configuration.upstreams { insert(upstream) }
        rebuildGroups()
    }

    /// What is remembered of a running attempt.
    struct AttemptRecord: Sendable {
        let upstream: Int
        let startedAt: UInt64
        let breakerEpoch: UInt32
        let passiveEpoch: UInt32
        /// Counted in its upstream's `queuedTokens` until the first byte.
        var queuedTokens: Int
        var hasAnswered = false
        /// The waiter it was granted to.
        var waiter: UInt64?
    }

    // MARK: Rows

    /// Puts a new upstream into a free row.
    ///
    /// Returns the row.
    @discardableResult
    mutating func insert(_ next: UpstreamConfiguration) -> Int {
        nextGeneration += 1
        let upstream = Upstream(
            next,
            in: configuration,
            generation: nextGeneration,
            tag: UInt16(truncatingIfNeeded: nextGeneration % 65_535 + 1)
        )
        if let index = upstreams.firstIndex(where: { $0 == nil }) {
            upstreams[index] = upstream
            return index
        }
        upstreams.append(upstream)
        return upstreams.count - 1
    }

    /// The row of an upstream that is still known.
    func row(of id: UpstreamID) -> Int? {
        guard upstreams.indices.contains(id.index),
            let upstream = upstreams[id.index], upstream.generation == id.generation
        else { return nil }
        return id.index
    }

    func id(ofRow index: Int) -> UpstreamID {
        UpstreamID(index: index, generation: upstreams[index]?.generation ?? 0)
    }

    package func address(of id: UpstreamID) -> UpstreamEndpoint? {
        configuration(of: id)?.endpoint
    }

    /// The settings of an upstream: key, name, whether it can resume.
    package func configuration(of id: UpstreamID) -> UpstreamConfiguration? {
        row(of: id).flatMap { upstreams[$0]?.configuration }
    }

    // MARK: Retries

    /// Whether the retry budget has one more; takes it.
    package mutating func takeRetry(now: UInt64) -> Bool {
        retryBudget.take(configuration.retry, now: now)
    }

    /// The pause before a retry (0 is the first), with jitter.
    package mutating func backoffNanoseconds(retry: Int) -> UInt64 {
        Backoff.nanoseconds(retry: retry, configuration.retry, using: &context.generator)
    }

    /// Attempts that one request may make, the first included.
    package var maxAttempts: Int { max(1, configuration.retry.maxAttempts) }
}
