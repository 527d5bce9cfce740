package import NIOCore
import QuireOpenAI

/// The gateway's own `/v1/models`: what clients may ask for, whoever serves it, with vLLM's fields.
///
/// A pure value, made anew whenever the fleet's configuration or an instance's list has changed,
/// and then only written.
package struct ModelList: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var id: String
        /// The model that an alias stands for; a model's own name.
        package var root: String
        /// The shortest of those of its instances; `nil` if none of them says.
        package var maxModelLength: Int?
        /// Seconds since 1970.
        package var created: Int
        package var ownedBy: String
    }

    /// In the order of the configuration and of the instances' own lists.
    package private(set) var entries: [Entry] = []
    private var indexOfID: [String: Int] = [:]

    /// Lists the models of the upstreams by the fleet's names, then the aliases.
    ///
    /// `discovered` is what instances list, by the upstream's name. `created` is for models whose
    /// instances do not say when they were made, in seconds since 1970.
    package init(
        _ fleet: FleetConfiguration,
        discovered: [String: [DiscoveredModel]],
        created: Int
    ) {
        for upstream in fleet.upstreams {
            let listed = discovered[upstream.name] ?? []
            var fleetName: [String: String] = [:]
            for (name, own) in upstream.modelNames.sorted(by: { $0.key < $1.key }) {
                fleetName[own] = fleetName[own] ?? name
            }
            let known = Dictionary(
                listed.map { (fleetName[$0.id] ?? $0.id, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            // What the operator says of an upstream outdoes what it says itself.
            let names =
                upstream.models.isEmpty ? listed.map { fleetName[$0.id] ?? $0.id } : upstream.models
            for name in names { add(name, known[name], created) }
        }
        for group in fleet.groups where !group.aliases.isEmpty {
            // Instances named in a group serve its model whether they list it or not.
            if !group.upstreams.isEmpty { add(group.model, nil, created) }
            guard let index = indexOfID[group.model] else { continue }
            var entry = entries[index]
            for alias in group.aliases where indexOfID[alias] == nil {
                entry.id = alias
                append(entry)
            }
        }
    }

    private mutating func add(_ name: String, _ model: DiscoveredModel?, _ created: Int) {
        guard let index = indexOfID[name] else {
            return append(
                Entry(
                    id: name,
                    root: name,
                    maxModelLength: model?.maxModelLength,
                    created: model?.created ?? created,
                    ownedBy: model?.ownedBy ?? "quire"
                )
            )
        }
        guard let length = model?.maxModelLength else { return }
        entries[index].maxModelLength = min(entries[index].maxModelLength ?? length, length)
    }

    private mutating func append(_ entry: Entry) {
        indexOfID[entry.id] = entries.count
        entries.append(entry)
    }

    // MARK: Writing

    /// Writes the body of `GET /v1/models`.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"object":"list","data":["#)
        for (index, entry) in entries.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            entry.write(into: &buffer)
        }
        buffer.writeStaticString("]}")
    }

    /// Writes the body of `GET /v1/models/{id}`; `false` if there is no such model.
    package func writeCard(of id: String, into buffer: inout ByteBuffer) -> Bool {
        guard let index = indexOfID[id] else { return false }
        entries[index].write(into: &buffer)
        return true
    }
}

extension ModelList.Entry {
    fileprivate func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"id":"#)
        buffer.writeJSONString(id)
        buffer.writeStaticString(#","object":"model","created":"#)
        buffer.writeString("\(created)")
        buffer.writeStaticString(#","owned_by":"#)
        buffer.writeJSONString(ownedBy)
        buffer.writeStaticString(#","root":"#)
        buffer.writeJSONString(root)
        buffer.writeStaticString(#","parent":null,"max_model_len":"#)
        buffer.writeString(maxModelLength.map { "\($0)" } ?? "null")
        // Old clients insist on the permission object; nobody reads its id, so it is the model's.
        buffer.writeStaticString(#","permission":[{"id":"#)
        buffer.writeJSONString("modelperm-" + id)
        buffer.writeStaticString(#","object":"model_permission","created":"#)
        buffer.writeString("\(created)")
        buffer.writeStaticString(#","allow_create_engine":false,"allow_sampling":true,"#)
        buffer.writeStaticString(#""allow_logprobs":true,"allow_search_indices":false,"#)
        buffer.writeStaticString(#""allow_view":true,"allow_fine_tuning":false,"#)
        buffer.writeStaticString(#""organization":"*","group":null,"is_blocking":false}]}"#)
    }
}
