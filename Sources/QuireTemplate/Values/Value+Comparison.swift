/// Equality, order and membership as Python defines them.
extension Value {
    /// `self == other`.
    ///
    /// Values nest boundedly, so the recursion does.
    func equals(_ other: Value) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.sameText(as: right)
        case (.none, .none), (.undefined, .undefined): true
        case (.bool, _), (.int, _), (.double, _): Self.equalNumbers(self, other)
        case (.sequence(let left), .sequence(let right)):
            left === right || left.kind == right.kind && Self.equal(left.elements, right.elements)
        case (.dictionary(let left), .dictionary(let right)): left === right || left.equals(right)
        default: isIdentical(to: other)
        }
    }

    /// Whether both are the same object, where identity means something.
    func isIdentical(to other: Value) -> Bool {
        switch (self, other) {
        case (.namespace(let left), .namespace(let right)): left === right
        case (.macro(let left), .macro(let right)): left === right
        case (.function(let left), .function(let right)): left == right
        case (.loop(let left), .loop(let right)): left === right
        case (.generator(let left), .generator(let right)): left === right
        case (.cycler(let left), .cycler(let right)): left === right
        case (.joiner(let left), .joiner(let right)): left === right
        case (.method(let left), .method(let right)):
            left === right
                || left.method == right.method && left.receiver.isIdentical(to: right.receiver)
        case (.sequence(let left), .sequence(let right)): left === right
        case (.dictionary(let left), .dictionary(let right)): left === right
        case (.none, .none), (.undefined, .undefined): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.string(let left), .string(let right)): left.sameText(as: right)
        case (.double(let left), .double(let right)): left == right
        default: false
        }
    }

    private static func equalNumbers(_ left: Value, _ right: Value) -> Bool {
        if let left = left.integer, let right = right.integer { return left == right }
        if case .double(let left) = left, let right = right.integer {
            return Int(exactly: left) == right
        }
        if let left = left.integer, case .double(let right) = right {
            return Int(exactly: right) == left
        }
        if case .double(let left) = left, case .double(let right) = right { return left == right }
        return false
    }

    private static func equal(_ left: [Value], _ right: [Value]) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where !left[index].equals(right[index]) { return false }
        return true
    }

    /// Whether `self < other`; `nil` if Python does not order the two.
    ///
    /// NaN is below nothing.
    func isLess(than other: Value, orEqual: Bool = false) -> Bool? {
        switch (self, other) {
        case (.string(let left), .string(let right)):
            let order = left.order(against: right)
            return order < 0 || orEqual && order == 0
        case (.sequence(let left), .sequence(let right))
        where left.kind == right.kind && (left.kind == .list || left.kind == .tuple):
            for (left, right) in zip(left.elements, right.elements) where !left.equals(right) {
                return left.isLess(than: right, orEqual: orEqual)
            }
            let counts = (left.elements.count, right.elements.count)
            return orEqual ? counts.0 <= counts.1 : counts.0 < counts.1
        default:
            if let left = integer, let right = other.integer {
                return orEqual ? left <= right : left < right
            }
            guard let left = number, let right = other.number else { return nil }
            return orEqual ? left <= right : left < right
        }
    }
}

extension ValueDictionary {
    fileprivate func equals(_ other: ValueDictionary) -> Bool {
        guard count == other.count else { return false }
        // The lighter one is walked: comparing is paid for by its weight.
        guard extent.weight <= other.extent.weight else { return other.equals(self) }
        for (index, key) in keys.enumerated() {
            guard let hashed = Key(key), let value = other[hashed, key],
                values[index].equals(value)
            else { return false }
        }
        return true
    }
}

extension String {
    /// Below 0, 0 or above 0, by code points: for UTF-8 that is the order of the bytes.
    fileprivate func order(against other: String) -> Int {
        let left = utf8.span
        let right = other.utf8.span
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index] ? -1 : 1
        }
        return left.count - right.count
    }
}
