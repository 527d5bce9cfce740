import QuireJSON
import Yams

/// A YAML text as a JSON tree, with the line that each value stands on.
///
/// Scalars mean what they mean in YAML 1.2's core schema: `no` and `on` are texts, `0123` keeps its
/// zero. JSON is YAML, so files of it are read too.
struct YAMLFile {
    private(set) var tree = JSON.null
    /// By full name, such as `upstreams[1].weight`.
    private(set) var lines: [String: Int] = [:]
    private var nodeCount = 0

    /// Aliases of aliases can make a short text a huge tree; more nodes than this are refused.
    private static let maxNodes = 1_000_000
    private static let maxDepth = 64

    /// - Throws: One line that names the place.
    init(parsing text: String) throws {
        do {
            guard let root = try Yams.compose(yaml: text) else { return }
            tree = try convert(root, path: "", depth: 0)
        } catch let error as YamlError {
            throw StartError(Self.describe(error))
        }
    }

    private mutating func convert(_ node: Node, path: String, depth: Int) throws -> JSON {
        nodeCount += 1
        let line = node.mark?.line ?? 0
        guard nodeCount <= Self.maxNodes, depth <= Self.maxDepth else {
            throw StartError("line \(line): too deep or too large")
        }
        lines[path] = line
        switch node {
        case .scalar(let scalar): return Self.value(scalar)
        case .sequence(let sequence):
            var items: [JSON] = []
            for (index, item) in sequence.enumerated() {
                items.append(try convert(item, path: "\(path)[\(index)]", depth: depth + 1))
            }
            return .array(items)
        case .mapping(let mapping): return try convert(mapping, path: path, depth: depth, line)
        case .alias: throw StartError("line \(line): an alias without its anchor")
        }
    }

    private mutating func convert(
        _ mapping: Node.Mapping,
        path: String,
        depth: Int,
        _ line: Int
    ) throws -> JSON {
        var object = JSONObject()
        var merged = JSONObject()
        for (keyNode, valueNode) in mapping {
            guard let key = keyNode.scalar?.string else {
                throw StartError("line \(keyNode.mark?.line ?? line): a key must be a text")
            }
            let inner = path.isEmpty ? key : "\(path).\(key)"
            if key == "<<" {
                // Merged keys: what is written here goes before them.
                let sources = try convert(valueNode, path: path, depth: depth + 1)
                for source in sources.array ?? [sources] {
                    for member in source.object?.members ?? [] where merged[member.key] == nil {
                        merged[member.key] = member.value
                    }
                }
            } else {
                object[key] = try convert(valueNode, path: inner, depth: depth + 1)
            }
        }
        for member in merged.members where object[member.key] == nil {
            object[member.key] = member.value
        }
        return .object(object)
    }

    /// A quoted scalar is a text whatever it looks like.
    private static func value(_ scalar: Node.Scalar) -> JSON {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        let text = scalar.string
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> JSON? {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        let isNumeric = text.utf8.allSatisfy {
            $0 >= 0x30 && $0 <= 0x39 || "+-.eE".utf8.contains($0)
        }
        guard isNumeric, let first = digits.first, first >= 0x30, first <= 0x39 else { return nil }
        // `0123` may be a key or a name; as a number it would lose its zero.
        let second = digits.dropFirst().first
        if first == 0x30, let second, second >= 0x30, second <= 0x39 { return nil }
        if let value = Int(text) { return .int(value) }
        return Double(text).flatMap { $0.isFinite ? .double($0) : nil }
    }

    private static func describe(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): the key \(duplicates.joined(separator: ", ")) is written twice"
        case .reader(let problem, _, _, _): problem
        default: "this is not YAML"
        }
    }
}
