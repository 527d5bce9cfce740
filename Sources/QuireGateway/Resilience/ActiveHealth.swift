/// What checks and the progress watch last said of an upstream.
///
/// A pure value, told the time.
struct ActiveHealth: Sendable {
    private var failsInARow = 0
    private var goodsInARow = 0
    private var isDown = false
    private var isStuck = false
    private var checkedAt: UInt64 = 0
    private var watchedAt: UInt64 = 0

    /// Whether it must be taken for dead.
    ///
    /// A verdict nobody renews is forgotten.
    func isDead(at now: UInt64, _ configuration: ActiveHealthConfiguration) -> Bool {
        // Mostly there is no verdict, and a pick asks this four times.
        guard isDown || isStuck else { return false }
        let validity = configuration.validity.clampedNanoseconds
        return isDown && now < checkedAt.saturatingAdd(validity)
            || isStuck && now < watchedAt.saturatingAdd(validity)
    }

    mutating func takeCheck(isUp: Bool, at now: UInt64, _ configuration: ActiveHealthConfiguration)
    {
        checkedAt = now
        if isUp {
            failsInARow = 0
            goodsInARow += 1
            if goodsInARow >= configuration.rise { isDown = false }
        } else {
            goodsInARow = 0
            failsInARow += 1
            if failsInARow >= configuration.fall { isDown = true }
        }
    }

    mutating func takeProgress(isStuck: Bool, at now: UInt64) {
        self.isStuck = isStuck
        watchedAt = now
    }
}
