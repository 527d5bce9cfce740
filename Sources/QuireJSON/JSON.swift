/// A JSON value that keeps what other decoders lose: the order of an object's members, and the
/// difference between `1` and `1.0`.
///
/// Chat templates print arguments in the order that the client wrote them, and Python prints `1`
/// and `1.0` differently, so both survive here. Hot paths read with ``JSONReader`` instead and
/// never build this tree.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// An object's members in the order of the text.
///
/// A repeated key keeps its first place and its last value, as Python's `json` does. Keys are the
/// same if their bytes are: `é` as one code point and as two are two keys, where `String` calls
/// them equal.
///
/// Look-ups are linear: objects of this project's inputs have few members. Whoever reads a large
/// one (a vocabulary) uses ``JSONReader``.
package struct JSONObject: Sendable, Hashable {
    /// One `"key": value` pair.
    package struct Member: Sendable, Hashable {
        package var key: String
        package var value: JSON

        package init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    package private(set) var members: [Member] = []

    package init() {}

    /// The members as they stand; the caller has made sure that no key repeats.
    package init(uniqueMembers: [Member]) {
        self.members = uniqueMembers
    }

    /// The value at `key`; setting `nil` removes the member.
    package subscript(key: String) -> JSON? {
        get { members.first { $0.key.hasSameBytes(as: key) }?.value }
        set {
            if let index = members.firstIndex(where: { $0.key.hasSameBytes(as: key) }) {
                if let newValue {
                    members[index].value = newValue
                } else {
                    members.remove(at: index)
                }
            } else if let newValue {
                members.append(Member(key: key, value: newValue))
            }
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        for (key, value) in elements { self[key] = value }
    }
}

extension JSON {
    /// The member `key` of an object; `nil` for anything else.
    package subscript(key: String) -> JSON? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The integer, also of a double that is one (`2.0`).
    package var int: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    package var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    package var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    package var isNull: Bool { self == .null }

    /// The field's word for the type, for error messages.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSON {
    /// Parses one whole JSON text (RFC 8259); anything after it but white space is an error.
    package init(parsing bytes: Span<UInt8>, maxDepth: Int = 128) throws(JSONError) {
        var reader = JSONReader(bytes, maxDepth: maxDepth)
        self = try reader.readValue()
        try reader.finish()
    }

    /// Parses one whole JSON text held in an array.
    package init(parsing bytes: [UInt8], maxDepth: Int = 128) throws(JSONError) {
        try self.init(parsing: bytes.span, maxDepth: maxDepth)
    }

    /// Parses one whole JSON text held in a string.
    package init(parsing text: String, maxDepth: Int = 128) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), maxDepth: maxDepth)
    }
}
