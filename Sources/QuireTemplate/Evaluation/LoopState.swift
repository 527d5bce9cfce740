/// The `loop` variable of a running `for`.
final class LoopState {
    let items: [Value]
    /// The index of the current element, from 0.
    var index = 0
    /// How many loops of a recursive `for` are around this one.
    let recursionDepth: Int
    /// For a recursive loop: what `loop(...)` runs again, and among which variables.
    let statement: Statement.Loop?
    let scope: Scope
    /// What `loop.changed(...)` was called with last.
    var lastChange: [Value]?
    let extent: Extent

    init(
        _ items: [Value],
        of statement: Statement.Loop,
        in scope: Scope,
        recursionDepth: Int
    ) {
        self.items = items
        self.statement = statement.isRecursive ? statement : nil
        self.scope = scope
        self.recursionDepth = recursionDepth
        extent = Extent(around: items)
    }

    /// An attribute that is not a method.
    func attribute(_ name: String) -> Value? {
        switch name {
        case "index": .int(index + 1)
        case "index0": .int(index)
        case "revindex": .int(items.count - index)
        case "revindex0": .int(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .int(items.count)
        case "depth": .int(recursionDepth + 1)
        case "depth0": .int(recursionDepth)
        case "previtem":
            index > 0
                ? items[index - 1] : .undefined(.message("there is no previous item"))
        case "nextitem":
            index + 1 < items.count
                ? items[index + 1] : .undefined(.message("there is no next item"))
        default: nil
        }
    }
}
