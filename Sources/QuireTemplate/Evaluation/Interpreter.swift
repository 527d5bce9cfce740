/// Renders a template once: walks the syntax tree, writes bytes, counts every step.
///
/// Confined to one thread. The first error ends the rendering, so nothing is restored on the way
/// out. Statements are here; expressions, calls and the rest are beside.
struct Interpreter: ~Copyable {
    let limits: TemplateLimits
    let now: TemplateTime
    let names: [String]
    let root: Scope
    var scope: Scope
    var output: [UInt8] = []
    /// The line of the statement or call being evaluated.
    var line = 0
    private var stepsLeft: Int
    private var depth = 0
    /// Everything that may hold itself; emptied at the end so that nothing leaks.
    private var namespaces: [Namespace] = []
    private var capturedScopes: [Scope] = []

    /// The special names, numbered first by the parser.
    static let loopID = NameID(index: 0)
    static let callerID = NameID(index: 1)
    static let varargsID = NameID(index: 2)
    static let kwargsID = NameID(index: 3)

    init(_ tree: SyntaxTree, limits: TemplateLimits, now: TemplateTime) {
        self.limits = limits
        self.now = now
        names = tree.names
        root = Scope(nameCount: tree.names.count)
        scope = root
        stepsLeft = limits.stepCountMax
    }

    deinit {
        for namespace in namespaces { namespace.removeAll() }
        for scope in capturedScopes { scope.removeAll() }
        root.removeAll()
    }

    // MARK: Bounds and errors

    func fail(_ message: String) -> TemplateError { .failed(message, line: line) }

    func stop(_ message: String) -> TemplateError { .limit(message, line: line) }

    /// Pays for work.
    mutating func spend(_ count: Int) throws(TemplateError) {
        stepsLeft -= count
        guard stepsLeft >= 0 else {
            throw stop("more than \(limits.stepCountMax) steps")
        }
    }

    /// Pays for reading or writing `count` bytes of text.
    mutating func spend(bytes count: Int) throws(TemplateError) { try spend(1 + count >> 4) }

    mutating func enter() throws(TemplateError) {
        depth += 1
        guard depth <= limits.depthMax else {
            throw stop("calls and expressions nest more than \(limits.depthMax) levels deep")
        }
    }

    mutating func leave() { depth -= 1 }

    /// A new text, if it is not too long.
    mutating func make(_ text: String) throws(TemplateError) -> Value {
        let count = text.utf8.count
        try checkSize(count)
        try spend(bytes: count)
        return .string(text)
    }

    func checkSize(_ byteCount: Int) throws(TemplateError) {
        guard byteCount <= limits.outputBytesMax else {
            throw stop("a text of more than \(limits.outputBytesMax) bytes")
        }
    }

    mutating func register(_ namespace: Namespace) { namespaces.append(namespace) }

    /// Notes that something keeps the current scope.
    mutating func captureScope() {
        guard scope !== root, !scope.isCaptured else { return }
        scope.isCaptured = true
        capturedScopes.append(scope)
    }

    // MARK: Statements

    /// What a body asks of the loop around it.
    enum Flow { case next, breakLoop, continueLoop }

    mutating func run(_ body: [Statement]) throws(TemplateError) -> Flow {
        for statement in body {
            let flow = try run(statement)
            guard case .next = flow else { return flow }
        }
        return .next
    }

    private mutating func run(_ statement: Statement) throws(TemplateError) -> Flow {
        try spend(1)
        switch statement {
        case .text(let bytes): try write(bytes)
        case .output(let expression, let line):
            self.line = line
            try write(evaluate(expression))
        case .conditional(let branches, let otherwise):
            return try runConditional(branches, otherwise)
        case .loop(let loop): try runLoop(loop)
        case .set(let target, let expression, let line):
            self.line = line
            try assign(evaluate(expression), to: target)
        case .capture(let target, let filters, let body, let line):
            self.line = line
            try assign(applyFilters(filters, to: capture(body)), to: target)
        case .macro(let definition):
            captureScope()
            if let id = definition.id { scope.set(id, .macro(Macro(definition, in: scope))) }
        case .callBlock(let call, let caller, let line):
            self.line = line
            captureScope()
            try write(evaluateCall(call, caller: .macro(Macro(caller, in: scope))))
        case .filterBlock(let filters, let body, let line):
            self.line = line
            try write(applyFilters(filters, to: capture(body)))
        case .with(let bindings, let body, let line): try runWith(bindings, body, line: line)
        case .scope(let body): return try runInOwnScope(body)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .next
    }

    private mutating func write(_ bytes: [UInt8]) throws(TemplateError) {
        try checkSize(output.count + bytes.count)
        try spend(bytes: bytes.count)
        output.append(contentsOf: bytes)
    }

    mutating func write(_ value: Value) throws(TemplateError) {
        try spend(value.extent.weight)
        let start = output.count
        value.appendText(to: &output, limit: limits.outputBytesMax)
        try checkSize(output.count)
        try spend(bytes: output.count - start)
    }

    private mutating func runConditional(
        _ branches: [Statement.Branch],
        _ otherwise: [Statement]
    ) throws(TemplateError) -> Flow {
        try enter()
        for branch in branches {
            line = branch.line
            if try evaluate(branch.test).isTrue {
                let flow = try run(branch.body)
                leave()
                return flow
            }
        }
        let flow = try run(otherwise)
        leave()
        return flow
    }

    private mutating func runInOwnScope(_ body: [Statement]) throws(TemplateError) -> Flow {
        try enter()
        let outer = scope
        scope = Scope(inside: outer)
        let flow = try run(body)
        scope = outer
        leave()
        return flow
    }

    private mutating func runWith(
        _ bindings: [(target: Target, value: Expression)],
        _ body: [Statement],
        line: Int
    ) throws(TemplateError) {
        try enter()
        self.line = line
        // Values are evaluated outside of the new scope.
        var values: [Value] = []
        for binding in bindings { values.append(try evaluate(binding.value)) }
        let outer = scope
        scope = Scope(inside: outer)
        for (binding, value) in zip(bindings, values) { try assign(value, to: binding.target) }
        _ = try run(body)
        scope = outer
        leave()
    }

    /// What a body writes, as a text instead of output.
    ///
    /// Its variables are its own.
    mutating func capture(_ body: [Statement]) throws(TemplateError) -> Value {
        let start = output.count
        _ = try runInOwnScope(body)
        return try takeOutput(from: start)
    }

    /// Removes what was written since `start` and returns it.
    private mutating func takeOutput(from start: Int) throws(TemplateError) -> Value {
        let text = String(decoding: output[start...], as: UTF8.self)
        output.removeLast(output.count - start)
        return try make(text)
    }

    // MARK: Loops

    private mutating func runLoop(_ statement: Statement.Loop) throws(TemplateError) {
        line = statement.line
        let items = try elements(of: evaluate(statement.iterable))
        try runLoop(statement, over: items, recursionDepth: 0)
    }

    private mutating func runLoop(
        _ statement: Statement.Loop,
        over allItems: [Value],
        recursionDepth: Int
    ) throws(TemplateError) {
        try enter()
        let outer = scope
        var body = Scope(inside: outer)
        let items =
            if let filter = statement.filter {
                try filtered(allItems, statement.target, filter)
            } else {
                allItems
            }
        let loop = LoopState(
            items,
            of: statement,
            in: outer,
            recursionDepth: recursionDepth
        )
        for (index, item) in items.enumerated() {
            try spend(1)
            loop.index = index
            if body.isCaptured { body = Scope(inside: outer) } else { body.removeAll() }
            scope = body
            body.set(Self.loopID, .loop(loop))
            line = statement.line
            try assign(item, to: statement.target)
            if case .breakLoop = try run(statement.body) { break }
        }
        scope = outer
        if items.isEmpty { _ = try run(statement.otherwise) }
        leave()
    }

    private mutating func filtered(
        _ items: [Value],
        _ target: Target,
        _ filter: Expression
    ) throws(TemplateError) -> [Value] {
        let outer = scope
        let own = Scope(inside: outer)
        scope = own
        var kept: [Value] = []
        for item in items {
            try assign(item, to: target)
            if try evaluate(filter).isTrue { kept.append(item) }
        }
        scope = outer
        return kept
    }

    /// `loop(items)` within a recursive loop: what the inner loop writes.
    mutating func runAgain(_ loop: LoopState, over value: Value) throws(TemplateError) -> Value {
        guard let statement = loop.statement else {
            throw fail(
                "The loop must have the 'recursive' marker to be called recursively."
            )
        }
        let start = output.count
        let outer = scope
        scope = loop.scope
        let items = try elements(of: value)
        try runLoop(statement, over: items, recursionDepth: loop.recursionDepth + 1)
        scope = outer
        return try takeOutput(from: start)
    }

    // MARK: Assignment

    private mutating func assign(_ value: Value, to target: Target) throws(TemplateError) {
        switch target {
        case .name(let id): scope.set(id, value)
        case .attribute(let id, let name):
            guard case .namespace(let namespace)? = scope.find(id) else {
                throw fail("cannot assign attribute on non-namespace object")
            }
            try spend(1)
            namespace[name] = value
        case .tuple(let targets):
            let elements = try elements(of: value)
            guard elements.count == targets.count else {
                throw fail(
                    elements.count < targets.count
                        ? "not enough values to unpack (expected \(targets.count), "
                            + "got \(elements.count))"
                        : "too many values to unpack (expected \(targets.count))"
                )
            }
            for (target, element) in zip(targets, elements) { try assign(element, to: target) }
        }
    }

    // MARK: Macros

    /// Runs a macro; its result is the text it writes.
    mutating func call(
        _ macro: Macro,
        _ arguments: consuming CallArguments
    ) throws(TemplateError) -> Value {
        try enter()
        let definition = macro.definition
        let outer = scope
        let start = output.count
        scope = Scope(inside: macro.scope)
        try bind(arguments, to: definition)
        _ = try run(definition.body)
        scope = outer
        leave()
        return try takeOutput(from: start)
    }

    private mutating func bind(
        _ arguments: consuming CallArguments,
        to definition: MacroDefinition
    ) throws(TemplateError) {
        var places: [ValueDictionary.Text: Int] = [:]
        for (index, keyword) in arguments.keywords.enumerated() {
            let name = ValueDictionary.Text(keyword.name)
            if places[name] == nil { places[name] = index }
        }
        try spend(definition.parameters.count)
        for (index, parameter) in definition.parameters.enumerated() {
            let keyword =
                places.isEmpty
                ? nil : places.removeValue(forKey: ValueDictionary.Text(parameter.name))
            if index < arguments.positional.count {
                guard keyword == nil else {
                    throw fail(
                        "macro '\(definition.name)' got multiple values for argument "
                            + "'\(parameter.name)'"
                    )
                }
                scope.set(parameter.id, arguments.positional[index])
            } else if let keyword {
                scope.set(parameter.id, arguments.keywords[keyword].value)
            } else if let value = parameter.defaultValue {
                scope.set(parameter.id, try evaluate(value))
            } else {
                let reason = "parameter '\(parameter.name)' was not provided"
                scope.set(parameter.id, .undefined(.message(reason)))
            }
        }
        if let caller = places.removeValue(forKey: ValueDictionary.Text("caller")) {
            guard definition.usesCaller else {
                throw fail("macro '\(definition.name)' takes no caller")
            }
            scope.set(Self.callerID, arguments.keywords[caller].value)
        } else if definition.usesCaller {
            scope.set(Self.callerID, .undefined(.message("No caller defined")))
        }
        // What is left, in the order of the call.
        let keywords = places.values.sorted().map { arguments.keywords[$0] }
        if definition.usesKeywords {
            var builder = ValueDictionaryBuilder()
            for keyword in keywords { builder.set(keyword.name, keyword.value) }
            scope.set(Self.kwargsID, try make(builder))
        } else if let keyword = keywords.first {
            throw fail("macro '\(definition.name)' takes no keyword argument '\(keyword.name)'")
        }
        let extra = arguments.positional.dropFirst(definition.parameters.count)
        if definition.usesVarargs {
            scope.set(Self.varargsID, try make(.tuple, Array(extra)))
        } else if !extra.isEmpty {
            throw fail(
                "macro '\(definition.name)' takes not more than "
                    + "\(definition.parameters.count) argument(s)"
            )
        }
    }
}
