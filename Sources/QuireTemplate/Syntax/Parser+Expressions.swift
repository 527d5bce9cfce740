/// Expressions, by precedence from loose to tight:
/// `x if y`, `or`, `and`, `not`, comparisons, `+ -`, `~`, `* / // %`, `**`, unary, postfix, filters.
extension Parser {
    /// An expression, or a tuple if commas follow.
    mutating func parseTuple(
        withConditional: Bool = true,
        endsAt end: String? = nil,
        inParentheses: Bool = false
    ) throws(TemplateError) -> Expression {
        var elements: [Expression] = []
        var isTuple = false
        while true {
            if isTupleEnd(end) { break }
            elements.append(
                withConditional ? try parseExpression() : try parseNestedOr()
            )
            guard skip(.comma) else { break }
            isTuple = true
        }
        if isTuple { return .tuple(elements) }
        if let first = elements.first { return first }
        guard inParentheses else { throw fail("expected an expression, got '\(current.text)'") }
        return .tuple([])
    }

    private func isTupleEnd(_ end: String?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(.rightParenthesis): true
        case .name(let name): name == end
        default: false
        }
    }

    mutating func parseExpression() throws(TemplateError) -> Expression {
        try enter()
        defer { leave() }
        var expression = try parseOr()
        while skip(name: "if") {
            try countChain()
            conditionalDepth += 1
            let test = try parseOr()
            let otherwise = skip(name: "else") ? try parseExpression() : nil
            conditionalDepth -= 1
            expression = .conditional(test: test, then: expression, otherwise: otherwise)
        }
        return expression
    }

    private mutating func parseNestedOr() throws(TemplateError) -> Expression {
        try enter()
        defer { leave() }
        return try parseOr()
    }

    private mutating func parseOr() throws(TemplateError) -> Expression {
        var left = try parseAnd()
        while skip(name: "or") {
            try countChain()
            left = .or(left, try parseAnd())
        }
        return left
    }

    private mutating func parseAnd() throws(TemplateError) -> Expression {
        var left = try parseNot()
        while skip(name: "and") {
            try countChain()
            left = .and(left, try parseNot())
        }
        return left
    }

    private mutating func parseNot() throws(TemplateError) -> Expression {
        guard skip(name: "not") else { return try parseComparison() }
        try enter()
        defer { leave() }
        return .not(try parseNot())
    }

    private mutating func parseComparison() throws(TemplateError) -> Expression {
        let first = try parseArithmetic(0)
        var rest: [(comparison: ComparisonOperator, operand: Expression)] = []
        while let comparison = takeComparisonOperator() {
            try countChain()
            rest.append((comparison, try parseArithmetic(0)))
        }
        return rest.isEmpty ? first : .comparison(first, rest)
    }

    private mutating func takeComparisonOperator() -> ComparisonOperator? {
        switch current.kind {
        case .symbol(let symbol):
            guard let comparison = ComparisonOperator(rawValue: symbol.rawValue) else { return nil }
            advance()
            return comparison
        case .name("in"):
            advance()
            return .isIn
        case .name("not") where following.kind == .name("in"):
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    /// The binary operators that bind alike, from loose to tight; `~` lies between the first two.
    private static let arithmeticLevels: [[Token.Symbol: ArithmeticOperator]] = [
        [.add: .add, .subtract: .subtract],
        [.multiply: .multiply, .divide: .divide, .floorDivide: .floorDivide, .modulo: .modulo],
        [.power: .power],
    ]

    private mutating func parseArithmetic(_ level: Int) throws(TemplateError) -> Expression {
        guard level < Self.arithmeticLevels.count else { return try parseUnary() }
        var left = try parseTighter(than: level)
        while case .symbol(let symbol) = current.kind,
            let operation = Self.arithmeticLevels[level][symbol]
        {
            try countChain()
            advance()
            left = .arithmetic(operation, left, try parseTighter(than: level))
        }
        return left
    }

    private mutating func parseTighter(than level: Int) throws(TemplateError) -> Expression {
        guard level == 0 else { return try parseArithmetic(level + 1) }
        var parts = [try parseArithmetic(1)]
        while skip(.tilde) { parts.append(try parseArithmetic(1)) }
        return parts.count == 1 ? parts[0] : .concatenation(parts)
    }

    private mutating func parseUnary(withFilter: Bool = true) throws(TemplateError) -> Expression {
        try enter()
        defer { leave() }
        var expression: Expression
        if skip(.subtract) {
            expression = .negative(try parseUnary(withFilter: false))
        } else if skip(.add) {
            expression = .positive(try parseUnary(withFilter: false))
        } else {
            expression = try parsePrimary()
        }
        expression = try parsePostfix(expression)
        return withFilter ? try parseFilters(expression) : expression
    }

    // MARK: Primary expressions

    private mutating func parsePrimary() throws(TemplateError) -> Expression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .bool(true)
            case "false", "False": return .bool(false)
            case "none", "None": return .none
            case "varargs", "kwargs", "caller":
                specialNames.insert(name)
                return .name(id(of: name))
            default: return .name(id(of: name))
            }
        case .string(var text):
            advance()
            while case .string(let next) = current.kind {
                text += next
                advance()
            }
            return .string(text)
        case .integer(let value):
            advance()
            return .int(value)
        case .double(let value):
            advance()
            return .double(value)
        case .symbol(.leftParenthesis):
            advance()
            let tuple = try parseTuple(inParentheses: true)
            try expect(.rightParenthesis)
            return tuple
        case .symbol(.leftBracket): return try parseList()
        case .symbol(.leftBrace): return try parseDictionary()
        default: throw fail("unexpected '\(token.text)'")
        }
    }

    private mutating func parseList() throws(TemplateError) -> Expression {
        advance()
        var elements: [Expression] = []
        while !isSymbol(.rightBracket) {
            elements.append(try parseExpression())
            guard skip(.comma) else { break }
        }
        try expect(.rightBracket)
        return .list(elements)
    }

    private mutating func parseDictionary() throws(TemplateError) -> Expression {
        advance()
        var pairs: [(key: Expression, value: Expression)] = []
        while !isSymbol(.rightBrace) {
            let key = try parseExpression()
            try expect(.colon)
            pairs.append((key, try parseExpression()))
            guard skip(.comma) else { break }
        }
        try expect(.rightBrace)
        return .dictionary(pairs)
    }

    // MARK: Postfix

    private mutating func parsePostfix(_ base: Expression) throws(TemplateError) -> Expression {
        var expression = base
        while true {
            let line = line
            switch current.kind {
            case .symbol(.dot):
                advance()
                switch current.kind {
                case .name(let name): expression = .attribute(expression, name)
                case .integer(let index): expression = .item(expression, .int(index))
                default: throw fail("expected name or number, got '\(current.text)'")
                }
                advance()
            case .symbol(.leftBracket): expression = try parseSubscript(expression)
            case .symbol(.leftParenthesis):
                expression = .call(expression, try parseArguments(), line: line)
            default: return expression
            }
            try countChain()
        }
    }

    private mutating func parseSubscript(_ base: Expression) throws(TemplateError) -> Expression {
        advance()
        var elements: [Expression] = []
        var slice: Expression?
        var isTuple = false
        while !isSymbol(.rightBracket) {
            let start = isSymbol(.colon) ? nil : try parseExpression()
            if skip(.colon) {
                let stop = try parseSlicePart()
                let step = skip(.colon) ? try parseSlicePart() : nil
                slice = .slice(base, start: start, stop: stop, step: step)
            } else if let start {
                elements.append(start)
            }
            guard skip(.comma) else { break }
            isTuple = true
        }
        try expect(.rightBracket)
        if let slice {
            guard elements.isEmpty, !isTuple else { throw fail("a slice can't be part of a tuple") }
            return slice
        }
        guard let first = elements.first else { throw fail("expected a subscript") }
        return .item(base, isTuple ? .tuple(elements) : first)
    }

    private mutating func parseSlicePart() throws(TemplateError) -> Expression? {
        switch current.kind {
        case .symbol(.colon), .symbol(.rightBracket), .symbol(.comma): nil
        default: try parseExpression()
        }
    }

    private mutating func parseArguments() throws(TemplateError) -> Arguments {
        let invalid = fail("invalid syntax for function call expression")
        try expect(.leftParenthesis)
        var arguments = Arguments()
        while !isSymbol(.rightParenthesis) {
            if skip(.multiply) {
                guard arguments.variadic == nil, arguments.keywordVariadic == nil else {
                    throw invalid
                }
                arguments.variadic = try parseExpression()
            } else if skip(.power) {
                guard arguments.keywordVariadic == nil else { throw invalid }
                arguments.keywordVariadic = try parseExpression()
            } else if case .name(let name) = current.kind, following.kind == .symbol(.assign) {
                guard arguments.keywordVariadic == nil else { throw invalid }
                guard !arguments.keywords.contains(where: { $0.name == name }) else {
                    throw fail("keyword argument repeated: '\(name)'")
                }
                advance()
                advance()
                arguments.keywords.append((name, try parseExpression()))
            } else {
                guard
                    arguments.variadic == nil, arguments.keywordVariadic == nil,
                    arguments.keywords.isEmpty
                else { throw invalid }
                arguments.positional.append(try parseExpression())
            }
            guard skip(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return arguments
    }

    // MARK: Filters and tests

    private mutating func parseFilters(_ base: Expression) throws(TemplateError) -> Expression {
        var expression = base
        while true {
            let line = line
            switch current.kind {
            case .symbol(.pipe):
                advance()
                let step = try parseFilterStep()
                expression = .filter(expression, step.filter, step.arguments, line: line)
            case .name("is"): expression = try parseTest(expression)
            case .symbol(.leftParenthesis):
                expression = .call(expression, try parseArguments(), line: line)
            default: return expression
            }
            try countChain()
        }
    }

    /// The name and arguments of a filter, behind its `|`.
    mutating func parseFilterStep() throws(TemplateError) -> Statement.FilterStep {
        let line = line
        let name = try parseDottedName()
        let reference: FilterReference
        if let filter = Filter(rawValue: name) {
            reference = .known(filter)
        } else if conditionalDepth > 0 {
            reference = .unknown(name)
        } else {
            throw .syntax("no filter named '\(name)'", line: line)
        }
        let arguments = isSymbol(.leftParenthesis) ? try parseArguments() : Arguments()
        return Statement.FilterStep(filter: reference, arguments: arguments)
    }

    private mutating func parseDottedName() throws(TemplateError) -> String {
        var name = try expectName()
        while skip(.dot) { name += "." + (try expectName()) }
        return name
    }

    private mutating func parseTest(_ subject: Expression) throws(TemplateError) -> Expression {
        let line = line
        advance()
        let isNegated = skip(name: "not")
        let name = try parseDottedName()
        let reference: TestReference
        if let test = ValueTest(name: name) {
            reference = .known(test)
        } else if conditionalDepth > 0 {
            reference = .unknown(name)
        } else {
            throw .syntax("no test named '\(name)'", line: line)
        }
        let test = Expression.test(subject, reference, try parseTestArguments(), line: line)
        return isNegated ? .not(test) : test
    }

    /// `(arguments)`, or one argument without parentheses as in `x is divisibleby 3`.
    private mutating func parseTestArguments() throws(TemplateError) -> Arguments {
        switch current.kind {
        case .symbol(.leftParenthesis): return try parseArguments()
        case .name("else"), .name("or"), .name("and"): return Arguments()
        case .name("is"): throw fail("you cannot chain multiple tests with is")
        case .name, .string, .integer, .double, .symbol(.leftBracket), .symbol(.leftBrace):
            try enter()
            defer { leave() }
            let operand = try parsePostfix(parsePrimary())
            return Arguments(positional: [operand])
        default: return Arguments()
        }
    }
}
