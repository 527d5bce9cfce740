extension Fleet {
    /// The group that serves a model; `nil`: nobody does, as far as is known.
    func group(for model: String?) -> Int? {
        guard let model else { return Self.anyGroup }
        if let group = groupOfModel[model] { return group }
        return groups[Self.unlistedGroup].members.isEmpty ? nil : Self.unlistedGroup
    }

    /// Makes the groups anew from the configuration and what the upstreams say they serve.
    ///
    /// Policies of groups with the same members keep their state; who waits is moved to the
    /// queue of the group that serves its model now.
    mutating func rebuildGroups() {
        let waiting = takeWaiters()
        var old: [String?: ModelGroup] = [:]
        for (index, group) in groups.enumerated() where index != Self.unlistedGroup {
            old[group.model] = group
        }
        let everyone = upstreams.indices.filter { upstreams[$0]?.isRetired == false }
        let unlisted = everyone.filter { upstreams[$0]?.servedModels == nil }
        groups = [
            ModelGroup(
                model: nil,
                policyKind: configuration.policy,
                members: byTier(everyone),
                configuration
            ),
            ModelGroup(
                model: nil,
                policyKind: configuration.policy,
                members: byTier(unlisted),
                configuration
            ),
        ]
        groupOfModel = [:]
        for group in configuration.groups { addConfigured(group, everyone) }
        var rowsOfModel: [String: [Int]] = [:]
        for row in everyone {
            for model in upstreams[row]?.servedModels ?? [] {
                rowsOfModel[model, default: []].append(row)
            }
        }
        for (model, rows) in rowsOfModel.sorted(by: { $0.key < $1.key })
        where groupOfModel[model] == nil {
            add(
                ModelGroup(
                    model: model,
                    policyKind: configuration.policy,
                    members: byTier(rows + unlisted),
                    configuration
                )
            )
        }
        for index in groups.indices where index != Self.unlistedGroup {
            guard let before = old[groups[index].model], before.members == groups[index].members,
                before.policyKind == groups[index].policyKind
            else { continue }
            groups[index].policy = before.policy
        }
        for serial in waiting {
            guard let group = group(for: waiters[serial]?.request.model) else { continue }
            link(serial, into: group)
        }
    }

    private mutating func addConfigured(_ next: ModelGroupConfiguration, _ everyone: [Int]) {
        guard groupOfModel[next.model] == nil else { return }
        let rows = everyone.filter { row in
            guard let upstream = upstreams[row] else { return false }
            if !next.upstreams.isEmpty {
                return next.upstreams.contains(upstream.configuration.name)
            }
            return upstream.servedModels?.contains(next.model) ?? true
        }
        let index = groups.count
        add(
            ModelGroup(
                model: next.model,
                fallbackModels: next.fallbackModels,
                policyKind: next.policy ?? configuration.policy,
                members: byTier(rows),
                configuration
            )
        )
        for alias in next.aliases where groupOfModel[alias] == nil { groupOfModel[alias] = index }
    }

    private mutating func add(_ group: ModelGroup) {
        if let model = group.model { groupOfModel[model] = groups.count }
        groups.append(group)
    }

    /// Lower priority numbers first; within a tier as configured.
    private func byTier(_ rows: [Int]) -> [Int] {
        let keyed = Set(rows).map { (upstreams[$0]?.configuration.priority ?? 0, $0) }
        return keyed.sorted { $0 < $1 }.map(\.1)
    }

    /// Empties all queues.
    ///
    /// Returns who was in them, oldest first.
    private mutating func takeWaiters() -> [UInt64] {
        var all: [(UInt64, UInt64)] = []
        for group in waitingGroups {
            while let serial = groups[group].firstWaiter {
                all.append((waiters[serial]?.order ?? 0, serial))
                unlink(serial)
            }
        }
        return all.sorted { $0 < $1 }.map(\.1)
    }
}
