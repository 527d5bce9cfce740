import QuireJSON

/// A model's chat template: Jinja as transformers runs it, parsed once, rendered by any thread.
///
/// Rendering computes for as long as the template and the conversation ask, within
/// ``TemplateLimits``; it belongs on a preprocess thread, not on an event loop.
package struct ChatTemplate: Sendable {
    private let tree: SyntaxTree
    private let limits: TemplateLimits
    /// What the template expects messages to hold; see ``MessageNormalizer``.
    package let contentFormat: ContentFormat

    package init(
        _ source: String,
        limits: TemplateLimits = TemplateLimits()
    ) throws(TemplateError) {
        tree = try Parser.parse(source, limits: limits)
        self.limits = limits
        contentFormat = ContentFormat(of: tree)
    }

    /// The prompt for a conversation.
    package func render(_ input: ChatTemplateInput) throws(TemplateError) -> String {
        guard input.continueFinalMessage else { return try run(input) }
        var marked = input
        let marker = try FinalMessageMarker(marking: &marked.messages)
        return try marker.cut(run(marked))
    }

    private func run(_ input: ChatTemplateInput) throws(TemplateError) -> String {
        var interpreter = Interpreter(tree, limits: limits, now: input.now)
        for function in BuiltinFunction.allCases {
            interpreter.define(function, in: tree)
        }
        for member in input.specialTokens.members where !member.value.isNull {
            try interpreter.define(member.key, member.value, in: tree)
        }
        for member in input.arguments.members {
            try interpreter.define(member.key, member.value, in: tree)
        }
        let messages = input.messages.map(ReasoningFields.aliased)
        try interpreter.define("messages", .array(messages), in: tree)
        try interpreter.define("tools", input.tools.isEmpty ? .null : .array(input.tools), in: tree)
        try interpreter.define("documents", input.documents.map(JSON.array) ?? .null, in: tree)
        try interpreter.define("add_generation_prompt", .bool(input.addGenerationPrompt), in: tree)
        _ = try interpreter.run(tree.body)
        return interpreter.takeRendered()
    }
}

extension Interpreter {
    fileprivate func define(_ function: BuiltinFunction, in tree: SyntaxTree) {
        if let id = tree.nameIDs[function.rawValue] { root.set(id, .function(function)) }
    }

    /// Sets a variable of the outermost scope, if the template mentions it.
    fileprivate mutating func define(
        _ name: String,
        _ json: JSON,
        in tree: SyntaxTree
    ) throws(TemplateError) {
        guard let id = tree.nameIDs[name] else { return }
        root.set(id, try value(of: json, depth: 0))
    }

    /// The text that was written.
    fileprivate mutating func takeRendered() -> String {
        defer { output = [] }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func value(of json: JSON, depth: Int) throws(TemplateError) -> Value {
        guard depth < limits.valueDepthMax else {
            throw stop("values nest more than \(limits.valueDepthMax) levels deep")
        }
        switch json {
        case .null: return .none
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let text): return .string(text)
        case .array(let elements):
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for element in elements { values.append(try value(of: element, depth: depth + 1)) }
            return try make(.list, values)
        case .object(let object):
            var builder = ValueDictionaryBuilder(reserving: object.members.count)
            for member in object.members {
                try set(
                    .string(member.key),
                    value(of: member.value, depth: depth + 1),
                    in: &builder
                )
            }
            return try make(builder)
        }
    }
}
