import Glibc
import QuireCheckpoint
import QuireGateway
import QuireJSON

/// A gateway's configuration from everywhere it is given: environment, file, flags.
struct GatewaySettings {
    let configuration: GatewayConfiguration
    /// Every value in force, where it was given (`nil`: a default), in the documented order.
    let entries: [(entry: ConfigurationEntry, origin: String?)]

    /// Reads it all; from any thread, blocking for the file.
    ///
    /// - Throws: One line that names the place at fault: `gateway.yml:12: upstreams[1].weight: …`.
    init(_ flags: GatewayFlags, environment: [String: String] = Environment.all) throws {
        var layers = ConfigurationLayers()
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard let path = Environment.path(of: name, value: value) else { continue }
            layers.set(path, to: Self.value(of: value), origin: name)
        }
        if let path = flags.config ?? environment["QUIRE_GATEWAY_CONFIG"] {
            let file = try Self.file(path)
            layers.add(file.tree.object ?? JSONObject()) { "\(path):\(file.lines[$0] ?? 0)" }
        }
        for (path, value, flag) in try flags.values() {
            layers.set(path, to: value, origin: flag)
        }
        do throws(ConfigurationError) {
            let described = try GatewayConfiguration.describe(.object(layers.tree)) {
                environment[$0]
            }
            configuration = described.0
            entries = described.1.map { entry in
                (entry, entry.givenPath.flatMap { layers.origin(of: $0) })
            }
        } catch {
            throw StartError((layers.origin(of: error.path).map { "\($0): " } ?? "") + "\(error)")
        }
    }

    /// A text that is written like a list or an object is one; all other texts are for the reader
    /// of the key to understand.
    static func value(of text: String) -> JSON {
        guard let first = text.first, first == "[" || first == "{",
            let tree = try? YAMLFile(parsing: text).tree
        else { return .string(text) }
        return tree
    }

    private static func file(_ path: String) throws -> YAMLFile {
        let content: [UInt8]?
        do throws(CheckpointError) {
            content = try ModelFolder.content(path: path, atMost: 16 << 20)
        } catch {
            throw StartError("\(path): \(error)")
        }
        guard let content else { throw StartError("\(path): no such file") }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw StartError("\(path): the file is not UTF-8")
        }
        do {
            let file = try YAMLFile(parsing: text)
            guard file.tree.isNull || file.tree.object != nil else {
                throw StartError("expected keys and values, got \(file.tree.typeName)")
            }
            return file
        } catch let error as StartError {
            throw StartError("\(path): \(error)")
        }
    }
}

/// The process's environment, and which of it is the gateway's.
enum Environment {
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let parts = unsafe String(cString: entry)
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            unsafe next += 1
        }
        return variables
    }

    /// The key that a variable sets: `QUIRE_GATEWAY_RETRY__MAX_ATTEMPTS` is `retry.max_attempts`.
    static func path(of name: String, value: String) -> [String]? {
        let prefix = "QUIRE_GATEWAY_"
        guard name.hasPrefix(prefix), name != prefix + "CONFIG", !value.isEmpty else { return nil }
        let key = String(name.dropFirst(prefix.count)).lowercased()
        // Kubernetes sets these in every pod beside a service of the name quire-gateway.
        guard !key.hasPrefix("service_"), !key.hasPrefix("port_"),
            !value.contains("://")
                || key != "port"
        else { return nil }
        var parts: [String] = [""]
        var rest = Substring(key)
        while let character = rest.first {
            if rest.hasPrefix("__") {
                parts.append("")
                rest = rest.dropFirst(2)
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts.contains("") ? nil : parts
    }
}
