/// A name of the template (a variable), numbered by the parser so that look-ups compare integers.
struct NameID: Sendable, Hashable {
    var index: Int
}

/// A parsed template: immutable, shared by all threads that render it.
struct SyntaxTree: Sendable {
    var body: [Statement]
    /// The spelling of each ``NameID``.
    var names: [String]
    /// The inverse of `names`.
    var nameIDs: [String: NameID]
}

/// What a template does, in order.
indirect enum Statement: Sendable {
    case text([UInt8])
    case output(Expression, line: Int)
    case conditional([Branch], otherwise: [Statement])
    case loop(Loop)
    case set(Target, Expression, line: Int)
    /// `{% set name | filter %}...{% endset %}`.
    case capture(Target, [FilterStep], body: [Statement], line: Int)
    case macro(MacroDefinition)
    /// `{% call(arguments) macro() %}...{% endcall %}`; the definition is the caller.
    case callBlock(Expression, caller: MacroDefinition, line: Int)
    case filterBlock([FilterStep], body: [Statement], line: Int)
    case with([(target: Target, value: Expression)], body: [Statement], line: Int)
    /// Statements with their own variables: `generation`, `autoescape`, `block`.
    case scope([Statement])
    case breakLoop
    case continueLoop

    /// One `if` or `elif`.
    struct Branch: Sendable {
        var test: Expression
        var body: [Statement]
        var line: Int
    }

    /// A `for` loop.
    struct Loop: Sendable {
        var target: Target
        var iterable: Expression
        /// Elements for which this is false are left out before the loop begins.
        var filter: Expression?
        var isRecursive: Bool
        var body: [Statement]
        var otherwise: [Statement]
        var line: Int
    }

    /// `| name(arguments)` in a `filter` or `set` block.
    struct FilterStep: Sendable {
        var filter: FilterReference
        var arguments: Arguments
    }
}

/// What a `set`, `for` or `with` assigns to.
indirect enum Target: Sendable {
    case name(NameID)
    /// An attribute of a namespace.
    case attribute(NameID, String)
    case tuple([Target])
}

/// A macro, or the body of a `call` block.
final class MacroDefinition: Sendable {
    struct Parameter: Sendable {
        var id: NameID
        var name: String
        var defaultValue: Expression?
    }

    /// Where the macro is stored; `nil` for a `call` block's body.
    let id: NameID?
    let name: String
    let parameters: [Parameter]
    let body: [Statement]
    /// The special names that the body mentions; only then may a call give what they hold.
    let usesVarargs: Bool
    let usesKeywords: Bool
    let usesCaller: Bool

    init(
        id: NameID?,
        name: String,
        parameters: [Parameter],
        body: [Statement],
        specialNames: Set<String>
    ) {
        self.id = id
        self.name = name
        self.parameters = parameters
        self.body = body
        usesVarargs = specialNames.contains("varargs")
        usesKeywords = specialNames.contains("kwargs")
        usesCaller = specialNames.contains("caller")
    }
}

/// What has a value.
indirect enum Expression: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case name(NameID)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case attribute(Expression, String)
    case item(Expression, Expression)
    case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
    case call(Expression, Arguments, line: Int)
    case filter(Expression, FilterReference, Arguments, line: Int)
    case test(Expression, TestReference, Arguments, line: Int)
    case not(Expression)
    case negative(Expression)
    case positive(Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case arithmetic(ArithmeticOperator, Expression, Expression)
    case comparison(Expression, [(comparison: ComparisonOperator, operand: Expression)])
    case concatenation([Expression])
    case conditional(test: Expression, then: Expression, otherwise: Expression?)
}

/// The arguments of a call, filter or test.
struct Arguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    /// `*expression`.
    var variadic: Expression?
    /// `**expression`.
    var keywordVariadic: Expression?

    var isEmpty: Bool {
        positional.isEmpty && keywords.isEmpty && variadic == nil && keywordVariadic == nil
    }
}

/// A filter by name; one that does not exist only fails when it is used, as Jinja has it within
/// `if` blocks.
enum FilterReference: Sendable {
    case known(Filter)
    case unknown(String)
}

/// A test by name, like ``FilterReference``.
enum TestReference: Sendable {
    case known(ValueTest)
    case unknown(String)
}

enum ArithmeticOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum ComparisonOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}
