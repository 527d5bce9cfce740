/// A Python dict: keeps the order of insertion, never changes once made.
///
/// Small ones are searched in order; larger ones have an index, so that hostile input does not
/// make look-ups expensive.
final class ValueDictionary {
    let keys: [Value]
    let values: [Value]
    let extent: Extent
    private let indices: [Key: Int]

    private static let indexedCountMin = 12

    fileprivate init(_ builder: ValueDictionaryBuilder) {
        keys = builder.keys
        values = builder.values
        indices = builder.indices
        extent = builder.extent
    }

    var count: Int { keys.count }

    /// The value of a key that is a text.
    subscript(text: String) -> Value? {
        if !indices.isEmpty { return indices[.text(Text(text))].map { values[$0] } }
        for (index, key) in keys.enumerated() {
            if case .string(let candidate) = key, candidate.sameText(as: text) {
                return values[index]
            }
        }
        return nil
    }

    /// The value of any hashable key, which is also given as the value that it was made of.
    subscript(key: Key, value: Value) -> Value? {
        if case .text(let text) = key { return self[text.string] }
        if !indices.isEmpty { return indices[key].map { values[$0] } }
        // Comparing costs no more than the key that is asked for, making keys of all could.
        return keys.firstIndex { $0.equals(value) }.map { values[$0] }
    }

    /// A text that is equal and hashed by its bytes, as in Python, where `String` would call
    /// texts equal that only look alike.
    struct Text: Hashable {
        let string: String

        init(_ string: String) { self.string = string }

        static func == (left: Text, right: Text) -> Bool { left.string.sameText(as: right.string) }

        func hash(into hasher: inout Hasher) {
            var copy = string
            copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    /// What makes two keys the same: `1`, `1.0` and `True` are.
    enum Key: Hashable {
        case none
        case int(Int)
        case double(Double)
        case text(Text)
        case tuple([Key])

        /// `nil` if the value cannot be a key.
        init?(_ value: Value) {
            switch value {
            case .none: self = .none
            case .bool(let value): self = .int(value ? 1 : 0)
            case .int(let value): self = .int(value)
            case .double(let value):
                self = Int(exactly: value).map(Key.int) ?? .double(value)
            case .string(let value): self = .text(Text(value))
            case .sequence(let sequence) where sequence.kind == .tuple:
                var keys: [Key] = []
                for element in sequence.elements {
                    guard let key = Key(element) else { return nil }
                    keys.append(key)
                }
                self = .tuple(keys)
            default: return nil
            }
        }
    }

    /// Collects the members of a dictionary; a repeated key keeps its place and takes the value.
    struct ValueDictionaryBuilder {
        fileprivate(set) var keys: [Value] = []
        fileprivate(set) var values: [Value] = []
        fileprivate var indices: [Key: Int] = [:]
        private(set) var extent = Extent(around: [])

        init(reserving count: Int = 0) {
            keys.reserveCapacity(count)
            values.reserveCapacity(count)
        }

        /// Sets a member; `false` if the key is not hashable.
        mutating func set(_ key: Value, _ value: Value) -> Bool {
            guard let hashed = Key(key) else { return false }
            extent.include(key)
            extent.include(value)
            if let index = index(of: hashed, key) {
                values[index] = value
                return true
            }
            if !indices.isEmpty { indices[hashed] = keys.count }
            keys.append(key)
            values.append(value)
            if keys.count == ValueDictionary.indexedCountMin {
                for (index, key) in keys.enumerated() {
                    if let hashed = Key(key) { indices[hashed] = index }
                }
            }
            return true
        }

        mutating func set(_ key: String, _ value: Value) { _ = set(.string(key), value) }

        private func index(of key: Key, _ value: Value) -> Int? {
            indices.isEmpty ? keys.firstIndex { $0.equals(value) } : indices[key]
        }

        consuming func build() -> ValueDictionary { ValueDictionary(self) }
    }
}

typealias ValueDictionaryBuilder = ValueDictionary.ValueDictionaryBuilder
