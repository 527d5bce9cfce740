/// Every series that some instance of the fleet has, and what is known of its fleet value.
///
/// ```
/// family  vllm:e2e_request_latency_seconds, histogram
///   group   engine="0",model_name="m"                 what is merged: one histogram, one counter
///     slot    bucket ≤ 0.3    index into `values` …   one number, one line
///     slot    bucket ≤ 0.5
///     slot    sum, count
/// ```
///
/// Groups are kept while an instance holds them. Slots are rows of parallel arrays, because a
/// rendering walks all of them for every instance. Bounded: what is beyond the limits is not
/// taken, and counted.
struct SeriesCatalogue: Sendable {
    struct Family: Sendable {
        let name: [UInt8]
        let kind: Exposition.Kind
        let help: [UInt8]
        let rule: FleetRule
        var groups: [Int] = []
        var isFree = false
    }

    struct Group: Sendable {
        let family: Int
        let labels: [UInt8]
        /// Place among its family's groups.
        var position: Int
        /// Instances that have it, dead ones too.
        var holderCount = 0
        /// Buckets by ascending bound, then sum, then count.
        var slots: [Int] = []
    }

    struct Slot: Sendable {
        let part: Exposition.Part
        let bound: Double
        /// The line up to its value.
        let head: [UInt8]
    }

    private struct GroupKey: Hashable {
        let family: Int
        let labels: ByteKey
    }

    private(set) var families: [Family] = []
    private(set) var groups: [Group] = []
    private(set) var slots: [Slot] = []
    /// By slot: how it is merged.
    private(set) var rules: [FleetRule] = []
    /// By slot: what instances have counted that have started again since, and how many of these
    /// lives there were.
    private(set) var retired: [Double] = []
    private(set) var retiredCounts: [Int32] = []

    private var familyIndex: [ByteKey: Int] = [:]
    /// Which family has the lines of this name; -1 for lines that the aggregate itself writes.
    private var lineNames: [ByteKey: Int] = [:]
    private var groupIndex: [GroupKey: Int] = [:]
    private var freeFamilies: [Int] = []
    private var freeGroups: [Int] = []
    private var freeSlots: [Int] = []
    private let slotsMax: Int

    init(slotsMax: Int, reserving names: [String]) {
        self.slotsMax = slotsMax
        for name in names { lineNames[ByteKey(name)] = -1 }
    }

    // MARK: Finding and making

    /// The family of this name, made if there is none; nil if the name means something else
    /// already, because two families cannot share a line's name.
    mutating func family(_ name: [UInt8], _ kind: Exposition.Kind, help: [UInt8]) -> Int? {
        let key = ByteKey(name)
        if let known = familyIndex[key] {
            let isSame = families[known].kind == kind
            return isSame || (families[known].kind.isSimple && kind.isSimple) ? known : nil
        }
        let lines = Self.lineNames(name, kind)
        guard lines.allSatisfy({ lineNames[$0] == nil }), families.count < slotsMax else {
            return nil
        }
        let family = Family(
            name: name,
            kind: kind,
            help: help,
            rule: FleetRule(String(decoding: name, as: UTF8.self), kind)
        )
        let index: Int
        if let free = freeFamilies.popLast() {
            index = free
            families[free] = family
        } else {
            index = families.count
            families.append(family)
        }
        familyIndex[key] = index
        for line in lines { lineNames[line] = index }
        return index
    }

    private static func lineNames(_ name: [UInt8], _ kind: Exposition.Kind) -> [ByteKey] {
        let suffixes =
            switch kind {
            case .histogram: ["", "_bucket", "_sum", "_count"]
            case .summary: ["", "_sum", "_count"]
            case .counter, .gauge, .untyped: [""]
            }
        return suffixes.map { ByteKey(name + Array($0.utf8)) }
    }

    /// The group of these labels (as they are rendered, sorted by name), made if there is none;
    /// nil at the bound.
    mutating func group(_ family: Int, _ labels: [UInt8]) -> Int? {
        let key = GroupKey(family: family, labels: ByteKey(labels))
        if let known = groupIndex[key] { return known }
        guard slots.count - freeSlots.count < slotsMax else { return nil }
        let group = Group(
            family: family,
            labels: labels,
            position: families[family].groups.count
        )
        let index: Int
        if let free = freeGroups.popLast() {
            index = free
            groups[free] = group
        } else {
            index = groups.count
            groups.append(group)
        }
        groupIndex[key] = index
        families[family].groups.append(index)
        return index
    }

    /// The slot of a part (and bound) of a group, made if there is none; nil at the bound.
    ///
    /// `hint` is the position that it is likely at, and becomes that of the next one.
    mutating func slot(
        _ group: Int,
        _ part: Exposition.Part,
        bound: Double,
        hint: inout Int
    ) -> Int? {
        let isHinted = groups[group].slots.indices.contains(hint)
        var position = isHinted ? hint : 0
        if !isHinted || !isAt(position, group, part, bound) {
            position =
                groups[group].slots.firstIndex { slot in
                    (slots[slot].part.rawValue, slots[slot].bound) >= (part.rawValue, bound)
                } ?? groups[group].slots.count
        }
        hint = position + 1
        if position < groups[group].slots.count, isAt(position, group, part, bound) {
            return groups[group].slots[position]
        }
        guard slots.count - freeSlots.count < slotsMax else { return nil }
        let family = families[groups[group].family]
        let made = Slot(part: part, bound: bound, head: head(group, part, bound))
        var rule = family.rule
        if family.kind == .summary, part == .value { rule = .none }
        let index: Int
        if let free = freeSlots.popLast() {
            index = free
            (slots[free], rules[free], retired[free], retiredCounts[free]) = (made, rule, 0, 0)
        } else {
            index = slots.count
            slots.append(made)
            rules.append(rule)
            retired.append(0)
            retiredCounts.append(0)
        }
        groups[group].slots.insert(index, at: position)
        return index
    }

    private func isAt(
        _ position: Int,
        _ group: Int,
        _ part: Exposition.Part,
        _ bound: Double
    )
        -> Bool
    {
        let slot = groups[group].slots[position]
        return slots[slot].part == part && slots[slot].bound == bound
    }

    private func head(_ group: Int, _ part: Exposition.Part, _ bound: Double) -> [UInt8] {
        var head = families[groups[group].family].name + part.suffix.utf8
        var labels = groups[group].labels
        if part == .bucket {
            if !labels.isEmpty { labels.append(UInt8(ascii: ",")) }
            labels += Array("le=\"".utf8)
            ExpositionWriter.append(bound, to: &labels)
            labels.append(UInt8(ascii: "\""))
        }
        if !labels.isEmpty { head += [UInt8(ascii: "{")] + labels + [UInt8(ascii: "}")] }
        head.append(UInt8(ascii: " "))
        return head
    }

    // MARK: Holding

    mutating func hold(_ group: Int) { groups[group].holderCount += 1 }

    /// An instance no longer has the group; nobody's group is forgotten.
    mutating func release(_ group: Int) {
        groups[group].holderCount -= 1
        if groups[group].holderCount <= 0 { forget(group) }
    }

    /// Forgets a group that was made and then held by nobody.
    private mutating func forget(_ group: Int) {
        let family = groups[group].family
        groupIndex[GroupKey(family: family, labels: ByteKey(groups[group].labels))] = nil
        for slot in groups[group].slots {
            slots[slot] = Slot(part: .value, bound: 0, head: [])
            retired[slot] = 0
            retiredCounts[slot] = 0
            freeSlots.append(slot)
        }
        groups[group].slots = []
        freeGroups.append(group)
        // The last one takes its place: looking for it would cost a walk per group.
        let position = groups[group].position
        if let last = families[family].groups.popLast(), last != group {
            families[family].groups[position] = last
            groups[last].position = position
        }
        guard families[family].groups.isEmpty else { return }
        familyIndex[ByteKey(families[family].name)] = nil
        for name in Self.lineNames(families[family].name, families[family].kind) {
            lineNames[name] = nil
        }
        families[family].isFree = true
        freeFamilies.append(family)
    }

    /// A life of a counter is over: keeps what it had come to.
    mutating func retire(_ slot: Int, _ value: Double) {
        retired[slot] += value
        retiredCounts[slot] += 1
    }

    /// Whether the books agree; for tests.
    func checkInvariants() {
        precondition(groupIndex.count == groups.count - freeGroups.count)
        precondition(familyIndex.count == families.count - freeFamilies.count)
        let used = groupIndex.values.reduce(0) { $0 + groups[$1].slots.count }
        precondition(used == slots.count - freeSlots.count)
        precondition(groupIndex.values.allSatisfy { groups[$0].holderCount > 0 })
    }
}

extension Exposition.Kind {
    /// One line per series, so that they may share a family.
    var isSimple: Bool { self == .counter || self == .gauge || self == .untyped }

    var text: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        case .summary: "summary"
        case .untyped: "untyped"
        }
    }
}

extension Exposition.Part {
    var suffix: String {
        switch self {
        case .value: ""
        case .bucket: "_bucket"
        case .sum: "_sum"
        case .count: "_count"
        }
    }
}
