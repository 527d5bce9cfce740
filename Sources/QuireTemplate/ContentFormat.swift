/// What a template expects `message.content` to be.
package enum ContentFormat: Sendable, Hashable {
    /// A text: parts are joined before rendering.
    case string
    /// A list of parts, `[{"type": "text", "text": ...}]`: a text is wrapped before rendering.
    case openai
}

extension ContentFormat {
    /// Tells the format from the template, by vLLM's rule for `--chat-template-content-format auto`:
    /// `openai` if some loop walks the content of a message, else `string`.
    ///
    /// A message is the variable of a loop over `messages` or over a variable set from it.
    init(of tree: SyntaxTree) {
        var search = ContentSearch()
        search.visit(tree.body)
        var messageLists = Set(tree.nameIDs["messages"].map { [$0] } ?? [])
        var grew = true
        while grew {
            grew = false
            for (name, value) in search.assignments
            where !messageLists.contains(name) && value.isPart(of: messageLists) {
                messageLists.insert(name)
                grew = true
            }
        }
        let messages = Set(
            search.loops.filter { $0.iterable.isPart(of: messageLists) }.map(\.variable)
        )
        let walksContent = search.loops.contains { loop in
            loop.iterable.isContent(of: messages)
        }
        self = walksContent ? .openai : .string
    }
}

/// Collects a template's loops and assignments.
private struct ContentSearch {
    var loops: [(variable: NameID, iterable: Expression)] = []
    var assignments: [(name: NameID, value: Expression)] = []

    mutating func visit(_ body: [Statement]) {
        for statement in body { visit(statement) }
    }

    private mutating func visit(_ statement: Statement) {
        switch statement {
        case .conditional(let branches, let otherwise):
            for branch in branches { visit(branch.body) }
            visit(otherwise)
        case .loop(let loop):
            if case .name(let variable) = loop.target {
                loops.append((variable, loop.iterable))
            }
            visit(loop.body)
            visit(loop.otherwise)
        case .set(.name(let name), let value, _): assignments.append((name, value))
        case .macro(let definition): visit(definition.body)
        case .callBlock(_, let caller, _): visit(caller.body)
        case .capture(_, _, let body, _), .filterBlock(_, let body, _), .with(_, let body, _),
            .scope(let body):
            visit(body)
        case .set, .text, .output, .breakLoop, .continueLoop: break
        }
    }
}

extension Expression {
    /// Whether this is one of the variables, a slice of one, or one behind filters.
    fileprivate func isPart(of variables: Set<NameID>) -> Bool {
        switch self {
        case .name(let name): variables.contains(name)
        case .filter(let input, _, _, _), .slice(let input, _, _, _): input.isPart(of: variables)
        default: false
        }
    }

    /// Whether this is `x.content` or `x['content']` of one of the variables, sliced or filtered.
    fileprivate func isContent(of variables: Set<NameID>) -> Bool {
        switch self {
        case .attribute(.name(let name), "content"), .item(.name(let name), .string("content")):
            variables.contains(name)
        case .filter(let input, _, _, _), .slice(let input, _, _, _):
            input.isContent(of: variables)
        default: false
        }
    }
}
