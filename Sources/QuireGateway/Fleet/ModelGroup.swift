/// A model and the upstreams that serve it, with the queue of those who wait for one.
struct ModelGroup: Sendable {
    /// The fleet's name; `nil` in the two groups that stand for no model.
    let model: String?
    let fallbackModels: [String]
    let policyKind: PolicyKind
    /// Rows of the fleet's table, by tier.
    let members: [Int]
    var policy: any BalancingPolicy
    /// Keeps prompts of different models apart in the prefix table.
    let salt: UInt64

    /// The queue: a list through the fleet's waiters, oldest first.
    var firstWaiter: UInt64?
    var lastWaiter: UInt64?
    var waiterCount = 0

    init(
        model: String?,
        fallbackModels: [String] = [],
        policyKind: PolicyKind,
        members: [Int],
        _ configuration: FleetConfiguration
    ) {
        self.model = model
        self.fallbackModels = fallbackModels
        self.policyKind = policyKind
        self.members = members
        policy = policyKind.makePolicy(memberCount: members.count, configuration)
        salt = SplitMix64.hash(model ?? "")
    }
}

/// A request that waits for a slot, or was given one it has not ended yet.
struct Waiter: Sendable {
    let request: PickRequest
    let deadline: UInt64
    /// Place in the order of arrival over all groups.
    let order: UInt64
    /// `nil`: in no queue (its model vanished in a reload); it can only expire.
    var group: Int?
    var next: UInt64?
    var previous: UInt64?
    /// The attempt it was granted.
    var attempt: Attempt?
}
