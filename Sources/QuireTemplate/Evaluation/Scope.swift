/// The variables of a block: a loop's body, a macro's call, a `with`.
///
/// Look-ups walk outward by number; blocks have few variables, and the outermost scope, which has
/// many, is a table. Confined to the thread that renders.
final class Scope {
    let parent: Scope?
    /// A macro or `call` block holds this scope; it may not be emptied for the next iteration.
    var isCaptured = false
    private var ids: [NameID] = []
    private var values: [Value] = []
    /// In the outermost scope: the value of every name of the template.
    private var table: [Value?]

    init(inside parent: Scope) {
        self.parent = parent
        table = []
    }

    /// The outermost scope of a template with `nameCount` names.
    init(nameCount: Int) {
        parent = nil
        table = Array(repeating: nil, count: nameCount)
    }

    /// The value of a name here or further out.
    func find(_ id: NameID) -> Value? {
        var scope = self
        while let parent = scope.parent {
            if let index = scope.ids.firstIndex(of: id) { return scope.values[index] }
            scope = parent
        }
        return scope.table[id.index]
    }

    func set(_ id: NameID, _ value: Value) {
        if parent == nil {
            table[id.index] = value
        } else if let index = ids.firstIndex(of: id) {
            values[index] = value
        } else {
            ids.append(id)
            values.append(value)
        }
    }

    /// Forgets all variables and keeps the memory for the next ones.
    func removeAll() {
        ids.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        for index in table.indices { table[index] = nil }
    }
}
