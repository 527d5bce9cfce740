/// A value while a template is rendered: what Python has in its place, and nothing that could reach
/// outside of the template.
///
/// Confined to the thread that renders. Lists and dictionaries never change once made (the
/// sandbox of transformers forbids it too), so values share them freely.
enum Value {
    /// A name, attribute or element that does not exist.
    indirect case undefined(Undefined)
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case sequence(ValueSequence)
    case dictionary(ValueDictionary)
    /// What lazy filters return; can be walked once.
    case generator(ValueGenerator)
    case namespace(Namespace)
    case macro(Macro)
    case function(BuiltinFunction)
    case method(BoundMethod)
    case loop(LoopState)
    case cycler(Cycler)
    case joiner(Joiner)
}

/// Why a value is missing; the sentence is only built when somebody uses the value.
enum Undefined {
    case name(String)
    case attribute(String, ofType: String)
    case element(String, ofType: String)
    /// Not allowed: changes its object, or is internal to Python.
    case unsafe(String, ofType: String)
    case message(String)

    var message: String {
        switch self {
        case .name(let name): "'\(name)' is undefined"
        case .attribute(let name, let type):
            type == "None"
                ? "'None' has no attribute '\(name)'"
                : "'\(type) object' has no attribute '\(name)'"
        case .element(let key, let type):
            type == "None" ? "None has no element \(key)" : "\(type) object has no element \(key)"
        case .unsafe(let name, let type):
            "access to attribute '\(name)' of '\(type)' object is unsafe."
        case .message(let message): message
        }
    }
}

/// A list, a tuple, or one of Python's list-like views.
final class ValueSequence {
    enum Kind: String {
        case list
        case tuple
        case range
        case items = "dict_items"
        case keys = "dict_keys"
        case values = "dict_values"
    }

    let kind: Kind
    let elements: [Value]
    let extent: Extent
    /// For the kind `range`: how Python prints it.
    let rangeText: String?

    init(_ kind: Kind, _ elements: [Value], extent: Extent, rangeText: String? = nil) {
        self.kind = kind
        self.elements = elements
        self.extent = extent
        self.rangeText = rangeText
    }

    /// Whether `sequence[0]` works.
    var isIndexable: Bool { kind == .list || kind == .tuple || kind == .range }
}

/// The result of a lazy filter (`map`, `select`, ...): true, without length, walked once.
final class ValueGenerator {
    private var elements: [Value]
    /// The index of the next element.
    private var next = 0
    let extent: Extent

    init(_ elements: [Value], extent: Extent) {
        self.elements = elements
        self.extent = extent
    }

    /// The elements that are left, which leaves none.
    func takeAll() -> [Value] {
        defer {
            elements = []
            next = 0
        }
        return next == 0 ? elements : Array(elements[next...])
    }

    /// The next element.
    func takeFirst() -> Value? {
        guard next < elements.count else { return nil }
        defer { next += 1 }
        return elements[next]
    }
}

/// `namespace(...)`: the only value whose content templates can change.
///
/// The interpreter empties all of them when it ends, because they can hold one another.
final class Namespace {
    private(set) var names: [String] = []
    private(set) var values: [Value] = []
    /// The work of printing it, as ``Extent`` counts it.
    private(set) var weight = 1
    /// What each value added to the weight; a namespace within may have grown since.
    private var weights: [Int] = []
    /// The place of each name, once there are many.
    private var indices: [ValueDictionary.Text: Int] = [:]

    private static let indexedCountMin = 12

    subscript(name: String) -> Value? {
        get { index(of: name).map { values[$0] } }
        set {
            guard let newValue else { return }
            let added = newValue.extent.weight
            if let index = index(of: name) {
                values[index] = newValue
                // A weight that is too large to tell stays so.
                if weight != .max { weight -= weights[index] }
                weights[index] = added
            } else {
                if !indices.isEmpty { indices[ValueDictionary.Text(name)] = names.count }
                names.append(name)
                values.append(newValue)
                weights.append(added)
                add(Value.string(name).extent.weight)
                if names.count == Self.indexedCountMin {
                    for (index, name) in names.enumerated() {
                        indices[ValueDictionary.Text(name)] = index
                    }
                }
            }
            add(added)
        }
    }

    private func add(_ count: Int) {
        let (sum, overflows) = weight.addingReportingOverflow(count)
        weight = overflows ? .max : sum
    }

    private func index(of name: String) -> Int? {
        indices.isEmpty
            ? names.firstIndex { $0.sameText(as: name) } : indices[ValueDictionary.Text(name)]
    }

    func removeAll() {
        names = []
        values = []
        weights = []
        indices = [:]
    }
}

/// A macro together with the variables it was defined among.
final class Macro {
    let definition: MacroDefinition
    let scope: Scope

    init(_ definition: MacroDefinition, in scope: Scope) {
        self.definition = definition
        self.scope = scope
    }
}

/// A method taken from its object without being called: `x.items`.
final class BoundMethod {
    let receiver: Value
    let method: Method
    let extent: Extent

    init(_ receiver: Value, _ method: Method) {
        self.receiver = receiver
        self.method = method
        extent = Extent(around: [receiver])
    }
}

/// `cycler(...)`: gives its values in turn.
final class Cycler {
    let values: [Value]
    let extent: Extent
    var position = 0

    init(_ values: [Value], extent: Extent) {
        self.values = values
        self.extent = extent
    }
}

/// `joiner(...)`: empty the first time it is called, the separator afterwards.
final class Joiner {
    let separator: String
    var wasUsed = false

    init(_ separator: String) { self.separator = separator }
}

/// How deep and how large a value is as a tree.
///
/// Both are bounded when a container is made, so that walking a value ends soon even if it holds
/// the same list a million times.
struct Extent {
    /// How many containers lie within one another.
    var depth = 0
    /// The work of walking the whole value, in steps: one per value, and one per 16 bytes of text.
    var weight = 1

    /// The extent of what is no container.
    init(weight: Int = 1) { self.weight = weight }

    /// The extent of a container of `values`.
    init(around values: [Value]) {
        depth = 1
        for value in values { include(value) }
    }

    /// Adds a value to a container.
    mutating func include(_ value: Value) {
        let extent = value.extent
        depth = max(depth, extent.depth + 1)
        let (sum, overflows) = weight.addingReportingOverflow(extent.weight)
        weight = overflows ? .max : sum
    }
}

extension Value {
    var extent: Extent {
        switch self {
        case .string(let text): Extent(weight: 1 + text.utf8.count >> 4)
        case .sequence(let sequence): sequence.extent
        case .dictionary(let dictionary): dictionary.extent
        case .generator(let generator): generator.extent
        case .method(let method): method.extent
        case .loop(let loop): loop.extent
        case .cycler(let cycler): cycler.extent
        case .namespace(let namespace): Extent(weight: namespace.weight)
        default: Extent()
        }
    }

    /// Python's name of the value's type.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .double: "float"
        case .string: "str"
        case .sequence(let sequence): sequence.kind.rawValue
        case .dictionary: "dict"
        case .generator: "generator"
        case .namespace: "Namespace"
        case .macro: "Macro"
        case .function: "function"
        case .method: "method"
        case .loop: "LoopContext"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    /// Python's truth.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .sequence(let sequence): !sequence.elements.isEmpty
        case .dictionary(let dictionary): !dictionary.keys.isEmpty
        case .loop(let loop): !loop.items.isEmpty
        default: true
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// The integer of an int or bool, which is one in Python.
    var integer: Int? {
        switch self {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The number of an int, bool or float.
    var number: Double? {
        if case .double(let value) = self { return value }
        return integer.map(Double.init)
    }
}
