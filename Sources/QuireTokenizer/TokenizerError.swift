package import QuireJSON

/// Why a tokenizer could not be made from its files: each case names the place and what to do.
package enum TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text is not JSON, or a value has the wrong type.
    case malformed(JSONError)
    /// A value is there but cannot be right; `path` is its place in tokenizer.json.
    case invalid(path: String, reason: String)
    /// A component that is valid in the format, but that this tokenizer does not implement.
    case unsupported(path: String, component: String)

    package var description: String {
        switch self {
        case .malformed(let error): "tokenizer.json: \(error)"
        case .invalid(let path, let reason): "tokenizer.json: \(path): \(reason)"
        case .unsupported(let path, let component):
            "tokenizer.json: \(path): \(component) is not supported"
        }
    }
}

extension JSON {
    /// The member `key` as a string; absent and `null` give `nil`, any other type throws.
    func optionalString(_ key: String, at path: String) throws(TokenizerError) -> String? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let text = value.string else {
            throw .invalid(path: path, reason: "\(key) must be a string, not \(value.typeName)")
        }
        return text
    }

    /// The member `key` as a string that must be there.
    func requiredString(_ key: String, at path: String) throws(TokenizerError) -> String {
        guard let text = try optionalString(key, at: path) else {
            throw .invalid(path: path, reason: "\(key) is missing")
        }
        return text
    }

    /// The member `key` as a flag; absent and `null` give the default, any other type throws.
    func flag(
        _ key: String,
        default value: Bool,
        at path: String
    ) throws(TokenizerError) -> Bool {
        guard let found = self[key], !found.isNull else { return value }
        guard let flag = found.bool else {
            throw .invalid(path: path, reason: "\(key) must be a boolean, not \(found.typeName)")
        }
        return flag
    }

    /// The member `key` as an integer; absent and `null` give the default.
    func integer(_ key: String, default value: Int, at path: String) throws(TokenizerError) -> Int {
        guard let found = self[key], !found.isNull else { return value }
        guard let number = found.int else {
            throw .invalid(path: path, reason: "\(key) must be an integer, not \(found.typeName)")
        }
        return number
    }

    /// The member `key` as an array that must be there.
    func requiredArray(_ key: String, at path: String) throws(TokenizerError) -> [JSON] {
        guard let values = self[key]?.array else {
            throw .invalid(path: path, reason: "\(key) must be an array")
        }
        return values
    }
}
