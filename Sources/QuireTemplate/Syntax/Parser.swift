/// Turns tokens into a ``SyntaxTree``: recursive descent after Jinja's grammar, with bounded
/// nesting.
///
/// This file holds statements; expressions are beside it.
struct Parser {
    private var tokens: [Token]
    private var index = 0
    private var names: [String] = []
    private var nameIDs: [String: NameID] = [:]
    private let depthMax: Int
    private var depth = 0
    /// Operators, look-ups and filters seen in the current tag.
    ///
    /// They nest to the left without recursion in the parser, but evaluating and freeing them
    /// recurses.
    private var chainCount = 0
    private var loopDepth = 0
    /// Above 0 within `if`, where Jinja defers errors about unknown filters to their use.
    var conditionalDepth = 0
    /// Which of `varargs`, `kwargs` and `caller` the current macro has mentioned.
    var specialNames: Set<String> = []
    /// The end tags that the open blocks wait for, for messages.
    private var openBlocks: [(tag: String, line: Int)] = []

    private static let chainCountMax = 1000

    static func parse(_ source: String, limits: TemplateLimits) throws(TemplateError) -> SyntaxTree
    {
        guard source.utf8.count <= limits.sourceBytesMax else {
            throw .limit(
                "the chat template has \(source.utf8.count) bytes, more than "
                    + "\(limits.sourceBytesMax)",
                line: 0
            )
        }
        var parser = Parser(try Lexer.tokens(of: source), depthMax: limits.sourceDepthMax)
        let body = try parser.parseBody(until: [])
        return SyntaxTree(body: body, names: parser.names, nameIDs: parser.nameIDs)
    }

    private init(_ tokens: [Token], depthMax: Int) {
        self.tokens = tokens
        self.depthMax = depthMax
        // These are set by the evaluator itself.
        for name in ["loop", "caller", "varargs", "kwargs"] { _ = id(of: name) }
    }

    // MARK: Tokens

    var current: Token { tokens[index] }
    var line: Int { tokens[index].line }
    /// The token after the current one; the last token is always `.end`.
    var following: Token { tokens[min(index + 1, tokens.count - 1)] }

    func fail(_ message: String) -> TemplateError { .syntax(message, line: line) }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    func isSymbol(_ symbol: Token.Symbol) -> Bool { current.kind == .symbol(symbol) }

    mutating func skip(_ symbol: Token.Symbol) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(TemplateError) {
        guard skip(symbol) else {
            throw fail("expected '\(symbol.rawValue)', got '\(current.text)'")
        }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else {
            throw fail("expected a name, got '\(current.text)'")
        }
        advance()
        return name
    }

    private mutating func expect(_ kind: Token.Kind, _ name: String) throws(TemplateError) {
        guard current.kind == kind else { throw fail("expected \(name), got '\(current.text)'") }
        advance()
    }

    mutating func id(of name: String) -> NameID {
        if let id = nameIDs[name] { return id }
        let id = NameID(index: names.count)
        names.append(name)
        nameIDs[name] = id
        return id
    }

    // MARK: Bounds

    mutating func enter() throws(TemplateError) {
        depth += 1
        guard depth <= depthMax else {
            throw .limit("the template nests more than \(depthMax) levels deep", line: line)
        }
    }

    mutating func leave() { depth -= 1 }

    mutating func countChain() throws(TemplateError) {
        chainCount += 1
        guard chainCount <= Self.chainCountMax else {
            throw .limit("more than \(Self.chainCountMax) operators in one tag", line: line)
        }
    }

    // MARK: Bodies

    /// Parses until a block that begins with one of `ends`, whose name is then current; until the
    /// end of the template if `ends` is empty.
    private mutating func parseBody(until ends: [String]) throws(TemplateError) -> [Statement] {
        var body: [Statement] = []
        while true {
            chainCount = 0
            let line = line
            switch current.kind {
            case .data(let bytes):
                body.append(.text(bytes))
                advance()
            case .variableBegin:
                advance()
                body.append(.output(try parseTuple(), line: line))
                try expect(.variableEnd, "end of print statement")
            case .blockBegin:
                advance()
                guard case .name(let name) = current.kind else {
                    throw fail("tag name expected, got '\(current.text)'")
                }
                if ends.contains(name) { return body }
                try enter()
                body += try parseStatement(name)
                leave()
                try expect(.blockEnd, "end of statement block")
            default:
                guard let open = openBlocks.last else { return body }
                throw fail(
                    "unexpected end of template: the block '\(open.tag)' of line \(open.line) "
                        + "is never closed"
                )
            }
        }
    }

    /// Parses `%} ... {% end`, where `end` is one of `ends`; the end tag's name stays current.
    private mutating func parseBlock(
        _ tag: String,
        until ends: String...,
        line: Int
    ) throws(TemplateError) -> [Statement] {
        _ = skip(.colon)
        try expect(.blockEnd, "end of statement block")
        openBlocks.append((tag, line))
        let body = try parseBody(until: ends)
        openBlocks.removeLast()
        return body
    }

    private mutating func parseStatement(_ name: String) throws(TemplateError) -> [Statement] {
        let line = line
        switch name {
        case "if": return [try parseIf()]
        case "for": return [try parseFor()]
        case "set": return [try parseSet()]
        case "macro": return [try parseMacro()]
        case "call": return [try parseCallBlock()]
        case "filter": return [try parseFilterBlock()]
        case "with": return [try parseWith()]
        case "print": return try parsePrint()
        case "break", "continue":
            guard loopDepth > 0 else { throw fail("'\(name)' outside of a loop") }
            advance()
            return [name == "break" ? .breakLoop : .continueLoop]
        case "generation":
            advance()
            return [.scope(try parseClosedBlock(name, line: line))]
        case "autoescape":
            advance()
            _ = try parseExpression()
            return [.scope(try parseClosedBlock(name, line: line))]
        case "block":
            advance()
            let block = try expectName()
            _ = skip(name: "scoped")
            let body = try parseClosedBlock(name, line: line)
            _ = skip(name: block)
            return [.scope(body)]
        case "include", "import", "from", "extends":
            throw fail("'\(name)' is not available: a chat template stands alone")
        default:
            var message = "encountered unknown tag '\(name)'"
            if let open = openBlocks.last {
                message += ": the block '\(open.tag)' of line \(open.line) is still open"
            }
            throw fail(message)
        }
    }

    /// Parses `%} ... {% end<tag>`, and moves behind the end tag's name.
    private mutating func parseClosedBlock(
        _ tag: String,
        line: Int
    ) throws(TemplateError) -> [Statement] {
        let outerLoopDepth = loopDepth
        loopDepth = 0
        let body = try parseBlock(tag, until: "end" + tag, line: line)
        loopDepth = outerLoopDepth
        advance()
        return body
    }

    // MARK: Statements

    private mutating func parseIf() throws(TemplateError) -> Statement {
        let line = line
        conditionalDepth += 1
        defer { conditionalDepth -= 1 }
        var branches: [Statement.Branch] = []
        while true {
            let branchLine = self.line
            advance()
            let test = try parseTuple(withConditional: false)
            let body = try parseBlock("if", until: "elif", "else", "endif", line: line)
            branches.append(Statement.Branch(test: test, body: body, line: branchLine))
            if !isName("elif") { break }
        }
        var otherwise: [Statement] = []
        if skip(name: "else") {
            otherwise = try parseBlock("if", until: "endif", line: line)
        }
        advance()
        return .conditional(branches, otherwise: otherwise)
    }

    private mutating func parseFor() throws(TemplateError) -> Statement {
        let line = line
        advance()
        let target = try parseTarget(endsAt: "in")
        guard skip(name: "in") else { throw fail("expected 'in', got '\(current.text)'") }
        let iterable = try parseTuple(withConditional: false, endsAt: "recursive")
        let filter = skip(name: "if") ? try parseExpression() : nil
        let isRecursive = skip(name: "recursive")
        loopDepth += 1
        let body = try parseBlock("for", until: "else", "endfor", line: line)
        loopDepth -= 1
        var otherwise: [Statement] = []
        if skip(name: "else") {
            otherwise = try parseBlock("for", until: "endfor", line: line)
        }
        advance()
        return .loop(
            Statement.Loop(
                target: target,
                iterable: iterable,
                filter: filter,
                isRecursive: isRecursive,
                body: body,
                otherwise: otherwise,
                line: line
            )
        )
    }

    private mutating func parseSet() throws(TemplateError) -> Statement {
        let line = line
        advance()
        let target = try parseTarget(withNamespace: true)
        if skip(.assign) { return .set(target, try parseTuple(), line: line) }
        var filters: [Statement.FilterStep] = []
        while skip(.pipe) { filters.append(try parseFilterStep()) }
        return .capture(target, filters, body: try parseClosedBlock("set", line: line), line: line)
    }

    private mutating func parseFilterBlock() throws(TemplateError) -> Statement {
        let line = line
        advance()
        var filters = [try parseFilterStep()]
        while skip(.pipe) { filters.append(try parseFilterStep()) }
        return .filterBlock(filters, body: try parseClosedBlock("filter", line: line), line: line)
    }

    private mutating func parseMacro() throws(TemplateError) -> Statement {
        let line = line
        advance()
        let name = try parseTargetName()
        let outerNames = specialNames
        specialNames = []
        let parameters = try parseSignature()
        let body = try parseClosedBlock("macro", line: line)
        let definition = MacroDefinition(
            id: id(of: name),
            name: name,
            parameters: parameters,
            body: body,
            specialNames: specialNames
        )
        specialNames = outerNames
        return .macro(definition)
    }

    private mutating func parseCallBlock() throws(TemplateError) -> Statement {
        let line = line
        advance()
        let parameters = isSymbol(.leftParenthesis) ? try parseSignature() : []
        let call = try parseExpression()
        guard case .call = call else { throw .syntax("expected a call", line: line) }
        let body = try parseClosedBlock("call", line: line)
        // The body of a `call` block sees the `caller` of the macro around it.
        let caller = MacroDefinition(
            id: nil,
            name: "caller",
            parameters: parameters,
            body: body,
            specialNames: []
        )
        return .callBlock(call, caller: caller, line: line)
    }

    private mutating func parseSignature() throws(TemplateError) -> [MacroDefinition.Parameter] {
        var parameters: [MacroDefinition.Parameter] = []
        try expect(.leftParenthesis)
        while !isSymbol(.rightParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let name = try parseTargetName()
            guard !parameters.contains(where: { $0.name == name }) else {
                throw fail("duplicate argument '\(name)' in a macro")
            }
            var defaultValue: Expression?
            if skip(.assign) {
                defaultValue = try parseExpression()
            } else if parameters.last?.defaultValue != nil {
                throw fail("non-default argument follows default argument")
            }
            let id = id(of: name)
            parameters.append(
                MacroDefinition.Parameter(id: id, name: name, defaultValue: defaultValue)
            )
        }
        try expect(.rightParenthesis)
        return parameters
    }

    private mutating func parseWith() throws(TemplateError) -> Statement {
        let line = line
        advance()
        var bindings: [(target: Target, value: Expression)] = []
        while current.kind != .blockEnd {
            if !bindings.isEmpty { try expect(.comma) }
            let target = try parseTarget()
            try expect(.assign)
            bindings.append((target, try parseExpression()))
        }
        return .with(bindings, body: try parseClosedBlock("with", line: line), line: line)
    }

    private mutating func parsePrint() throws(TemplateError) -> [Statement] {
        let line = line
        advance()
        var outputs: [Statement] = []
        while current.kind != .blockEnd {
            if !outputs.isEmpty { try expect(.comma) }
            outputs.append(.output(try parseExpression(), line: line))
        }
        return outputs
    }

    // MARK: Targets

    private static let reservedNames: Set<String> = [
        "true", "false", "none", "True", "False", "None",
    ]

    private mutating func parseTargetName() throws(TemplateError) -> String {
        let line = line
        let name = try expectName()
        guard !Self.reservedNames.contains(name) else {
            throw .syntax("can't assign to '\(name)'", line: line)
        }
        return name
    }

    /// Parses `a`, `a, b`, `(a, b), c` or, for `set`, `namespace.attribute`.
    private mutating func parseTarget(
        endsAt end: String? = nil,
        withNamespace: Bool = false
    ) throws(TemplateError) -> Target {
        var targets: [Target] = []
        var isTuple = false
        while true {
            if isTuple, end.map(isName) ?? (current.kind == .blockEnd || isSymbol(.assign)) {
                break
            }
            targets.append(try parseSingleTarget(withNamespace: withNamespace))
            guard skip(.comma) else { break }
            isTuple = true
        }
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func parseSingleTarget(withNamespace: Bool) throws(TemplateError) -> Target {
        if skip(.leftParenthesis) {
            try enter()
            var targets: [Target] = []
            var isTuple = false
            while !isSymbol(.rightParenthesis) {
                targets.append(try parseSingleTarget(withNamespace: withNamespace))
                guard skip(.comma) else { break }
                isTuple = true
            }
            try expect(.rightParenthesis)
            leave()
            guard let first = targets.first else { throw fail("can't assign to an empty tuple") }
            return isTuple ? .tuple(targets) : first
        }
        let name = try parseTargetName()
        let id = id(of: name)
        if withNamespace, skip(.dot) { return .attribute(id, try expectName()) }
        return .name(id)
    }
}
