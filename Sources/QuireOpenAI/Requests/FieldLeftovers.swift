import QuireJSON

/// Takes the fields that a parser does not read itself: harmless ones are skipped, refused ones
/// remembered until the body's end (the last of repeated keys wins), unknown ones noted by name.
struct FieldLeftovers {
    private(set) var unknownFields: [String] = []
    private var refused: [(name: String, reason: String)] = []

    mutating func take(
        _ name: String,
        from scanner: inout RequestScanner,
        limits: RequestLimits
    ) throws(OpenAIError) {
        guard !RequestField.harmlessNames.contains(name) else { return try scanner.skip() }
        guard let reason = RequestField.refusals[name] else {
            try scanner.skip()
            note(unknown: name, limits: limits)
            return
        }
        let value = try scanner.tree(name)
        refused.removeAll { $0.name == name }
        if !Self.asksForNothing(name, value) { refused.append((name, reason)) }
    }

    /// Keeps an unknown name for the log, cut and bounded.
    mutating func note(unknown name: String, limits: RequestLimits) {
        guard unknownFields.count < limits.maxUnknownFields else { return }
        let name = OpenAIError.excerpt(name)
        if !unknownFields.contains(name) { unknownFields.append(name) }
    }

    /// Throws for the first refused field that the body really used.
    func check() throws(OpenAIError) {
        if let field = refused.first {
            throw .badRequest(
                "`\(field.name)` is not supported: \(field.reason)",
                param: field.name
            )
        }
    }

    private static func asksForNothing(_ name: String, _ value: JSON?) -> Bool {
        switch value {
        case nil, .bool(false), .int(0): true
        case .string(let text): text.isEmpty && name == "suffix"
        case .array(let values):
            values.isEmpty
                ? name != "guided_choice" : name == "modalities" && values == [.string("text")]
        // An empty schema is still a schema; empty extra arguments are none.
        case .object(let object):
            object.members.isEmpty
                && ["vllm_xargs", "mm_processor_kwargs", "media_io_kwargs"]
                    .contains(name)
        default: false
        }
    }
}
