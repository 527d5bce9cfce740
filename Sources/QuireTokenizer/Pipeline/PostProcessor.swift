import QuireJSON

/// The post-processor of a tokenizer.json, as far as ids go: what stands before and after a text.
///
/// Pairs of texts and type ids do not occur in generation and are not read. ByteLevel
/// post-processors only move offsets, so they leave ids alone.
struct PostProcessor: Sendable {
    var prefix: [Int32] = []
    var suffix: [Int32] = []

    /// Whether a text's ids stay as they are.
    var isEmpty: Bool { prefix.isEmpty && suffix.isEmpty }

    /// Makes the post-processor that the JSON value describes; `null` adds nothing.
    init(_ json: JSON, at path: String = "post_processor") throws(TokenizerError) {
        guard !json.isNull else { return }
        switch try json.requiredString("type", at: path) {
        case "ByteLevel": break
        case "Sequence":
            let members = try json.requiredArray("processors", at: path)
            for (index, member) in members.enumerated() {
                let next = try PostProcessor(member, at: "\(path).processors[\(index)]")
                if next.isEmpty { continue }
                guard isEmpty else {
                    throw .unsupported(path: path, component: "a template within a template")
                }
                self = next
            }
        case "TemplateProcessing": try readTemplate(json, at: path)
        case "RobertaProcessing", "BertProcessing":
            prefix = [try Self.namedToken(json["cls"], at: path + ".cls")]
            suffix = [try Self.namedToken(json["sep"], at: path + ".sep")]
        case let other: throw .unsupported(path: path, component: "post-processor \(other)")
        }
    }

    private mutating func readTemplate(_ json: JSON, at path: String) throws(TokenizerError) {
        var hasText = false
        for item in try json.requiredArray("single", at: path) {
            if let sequence = item["Sequence"] {
                guard sequence["id"]?.string == "A", !hasText else {
                    throw .unsupported(
                        path: path + ".single",
                        component: "a template that does not hold the text once"
                    )
                }
                hasText = true
            } else if let special = item["SpecialToken"] {
                let name = try special.requiredString("id", at: path + ".single")
                guard let entry = json["special_tokens"]?[name] else {
                    throw .invalid(path: path, reason: "special_tokens has no \(name)")
                }
                var ids: [Int32] = []
                let place = "\(path).special_tokens.\(name)"
                for value in try entry.requiredArray("ids", at: place) {
                    ids.append(try Self.id(value, at: place))
                }
                if hasText { suffix += ids } else { prefix += ids }
            } else {
                throw .invalid(
                    path: path + ".single",
                    reason: "each item must be a Sequence or a SpecialToken"
                )
            }
        }
        guard hasText else {
            throw .unsupported(path: path + ".single", component: "a template without the text")
        }
    }

    /// A `["token", id]` pair.
    private static func namedToken(_ json: JSON?, at path: String) throws(TokenizerError) -> Int32 {
        guard let pair = json?.array, pair.count == 2 else {
            throw .invalid(path: path, reason: "must be a token and its id")
        }
        return try id(pair[1], at: path)
    }

    private static func id(_ json: JSON, at path: String) throws(TokenizerError) -> Int32 {
        guard let id = json.int, id >= 0, id < Vocabulary.idLimit else {
            throw .invalid(path: path, reason: "ids must be in 0..<\(Vocabulary.idLimit)")
        }
        return Int32(truncatingIfNeeded: id)
    }
}
