import QuireGateway
import QuireJSON

/// What a configuration is put together from: each layer goes over the ones before it, key by key,
/// and where every value came from is kept.
///
///     environment  <  file  <  flags
///
/// Lists are replaced, never joined: `--upstream` on the command line means those and no others.
struct ConfigurationLayers {
    private(set) var tree = JSONObject()
    /// Where a value was given, by the full name it was given under.
    private var origins: [String: String] = [:]

    /// Puts a whole tree on top.
    mutating func add(_ layer: JSONObject, origin: (_ path: String) -> String) {
        // Out and back: the parts of a value must not be changed while it is.
        var target = tree
        tree = JSONObject()
        merge(layer, into: &target, path: "", givenPath: "", origin)
        tree = target
    }

    /// Puts one value on top.
    mutating func set(_ path: [String], to value: JSON, origin: String) {
        var layer = value
        for key in path.reversed() { layer = .object([key: layer]) }
        if let object = layer.object { add(object) { _ in origin } }
    }

    /// Where the value with that full name came from, or the list or section that it is part of.
    func origin(of path: String) -> String? {
        var rest = Substring(path)
        while true {
            if let origin = origins[String(rest)] { return origin }
            guard let end = rest.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            rest = rest[..<end]
        }
    }

    private mutating func merge(
        _ layer: JSONObject,
        into target: inout JSONObject,
        path: String,
        givenPath: String,
        _ origin: (String) -> String
    ) {
        for member in layer.members {
            let same = Self.names(of: member.key, atTop: path.isEmpty)
            let known = target.members.first { same.contains(KeyName.normalized($0.key)) }
            // The name that is there already stays, so that there is one.
            let key = known?.key ?? member.key
            let inner = path.isEmpty ? key : "\(path).\(key)"
            let given = givenPath.isEmpty ? member.key : "\(givenPath).\(member.key)"
            if case .object(let object) = member.value {
                var below = known?.value.object ?? JSONObject()
                merge(object, into: &below, path: inner, givenPath: given, origin)
                target[key] = .object(below)
            } else {
                if known != nil { forget(inner) }
                target[key] = member.value
            }
            note(member.value, path: inner, givenPath: given, origin)
        }
    }

    private mutating func note(
        _ value: JSON,
        path: String,
        givenPath: String,
        _ origin: (String) -> String
    ) {
        origins[path] = origin(givenPath)
        switch value {
        case .object(let object):
            // Above the list level `merge` has noted the members.
            guard path.contains("[") else { return }
            for member in object.members {
                note(
                    member.value,
                    path: "\(path).\(member.key)",
                    givenPath: "\(givenPath).\(member.key)",
                    origin
                )
            }
        case .array(let items):
            for (index, item) in items.enumerated() {
                note(item, path: "\(path)[\(index)]", givenPath: "\(givenPath)[\(index)]", origin)
            }
        default: break
        }
    }

    /// Forgets where the parts of a replaced list or section came from.
    private mutating func forget(_ path: String) {
        origins = origins.filter { !$0.key.hasPrefix(path + "[") && !$0.key.hasPrefix(path + ".") }
    }

    private static func names(of key: String, atTop isAtTop: Bool) -> [String] {
        let normalized = KeyName.normalized(key)
        guard isAtTop else { return [normalized] }
        let same = GatewayConfiguration.namesForTheSame.first {
            $0.contains { KeyName.normalized($0) == normalized }
        }
        return same?.map { KeyName.normalized($0) } ?? [normalized]
    }
}
