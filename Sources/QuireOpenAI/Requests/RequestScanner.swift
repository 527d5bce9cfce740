import QuireJSON

/// Reads a request body's fields with their types checked, so that every mistake becomes a 400
/// that names its field.
///
/// `null` reads as `nil`: for every field it means the same as leaving the field out. Confined to
/// the call that parses one body; one pass, no tree but for the fields that ask for one.
struct RequestScanner: ~Escapable {
    private var reader: JSONReader

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, limits: RequestLimits) {
        self.reader = JSONReader(bytes, maxDepth: limits.maxDepth)
    }

    // MARK: The object

    mutating func beginBody() throws(OpenAIError) {
        guard try kind() == .object else {
            throw .badRequest("The request body must be a JSON object.")
        }
        try beginObject()
    }

    mutating func beginObject() throws(OpenAIError) {
        do throws(JSONError) { try reader.beginObject() } catch { throw Self.invalid(error) }
    }

    mutating func nextField() throws(OpenAIError) -> String? {
        do throws(JSONError) { return try reader.nextKey() } catch { throw Self.invalid(error) }
    }

    mutating func finish() throws(OpenAIError) {
        do throws(JSONError) { try reader.finish() } catch { throw Self.invalid(error) }
    }

    mutating func skip() throws(OpenAIError) {
        do throws(JSONError) { try reader.skipValue() } catch { throw Self.invalid(error) }
    }

    // MARK: Values

    mutating func bool(_ param: String) throws(OpenAIError) -> Bool? {
        guard try expect(.bool, "true or false", param) else { return nil }
        do throws(JSONError) { return try reader.readBool() } catch { throw Self.invalid(error) }
    }

    mutating func string(_ param: String) throws(OpenAIError) -> String? {
        guard try expect(.string, "a string", param) else { return nil }
        return try plainString()
    }

    mutating func number(_ param: String) throws(OpenAIError) -> Double? {
        guard try expect(.number, "a number", param) else { return nil }
        do throws(JSONError) { return try reader.readDouble() } catch { throw Self.invalid(error) }
    }

    /// An integer; `2.0` counts as one, `"2"` does not.
    mutating func integer(_ param: String) throws(OpenAIError) -> Int? {
        guard try expect(.number, "an integer", param) else { return nil }
        let value: JSON
        do throws(JSONError) { value = try reader.readNumber() } catch { throw Self.invalid(error) }
        guard let integer = value.int else {
            throw .badRequest("\(param) must be an integer within 64 bits.", param: param)
        }
        return integer
    }

    /// Any value as a tree.
    mutating func tree(_ param: String) throws(OpenAIError) -> JSON? {
        let value: JSON
        do throws(JSONError) { value = try reader.readValue() } catch { throw Self.invalid(error) }
        return value.isNull ? nil : value
    }

    /// An object as a tree.
    mutating func object(_ param: String) throws(OpenAIError) -> JSONObject? {
        guard let value = try tree(param) else { return nil }
        guard case .object(let object) = value else {
            throw Self.mismatch(param, "an object", value.typeName)
        }
        return object
    }

    /// A list as trees.
    mutating func list(_ param: String) throws(OpenAIError) -> [JSON]? {
        guard let value = try tree(param) else { return nil }
        guard case .array(let values) = value else {
            throw Self.mismatch(param, "a list", value.typeName)
        }
        return values
    }

    /// A list of strings, or one string where `allowsSingle`, each within the limits.
    mutating func strings(
        _ param: String,
        allowsSingle: Bool,
        maxCount: Int,
        maxBytes: Int
    ) throws(OpenAIError) -> [String]? {
        switch try kind() {
        case .null:
            try skip()
            return nil
        case .string where allowsSingle:
            let value = try plainString()
            try Self.checkLength(value, param, maxBytes)
            return [value]
        case .array:
            var values: [String] = []
            try beginArray()
            while try nextElement() {
                guard values.count < maxCount else {
                    throw .badRequest(
                        "\(param) may hold at most \(maxCount) strings.",
                        param: param
                    )
                }
                let found = try kind()
                guard found == .string else {
                    throw Self.mismatch("\(param)[\(values.count)]", "a string", found.name)
                }
                let value = try plainString()
                try Self.checkLength(value, "\(param)[\(values.count)]", maxBytes)
                values.append(value)
            }
            return values
        case let found:
            let expected = allowsSingle ? "a string or a list of strings" : "a list of strings"
            throw Self.mismatch(param, expected, found.name)
        }
    }

    /// A list of token ids, each within the vocabulary.
    mutating func tokenIDs(
        _ param: String,
        maxCount: Int,
        vocabularySize: Int?
    ) throws(OpenAIError) -> [Int32]? {
        let found = try kind()
        if found == .null {
            try skip()
            return nil
        }
        guard found == .array else { throw Self.mismatch(param, "a list of token ids", found.name) }
        try beginArray()
        guard try nextElement() else { return [] }
        return try tokenIDsFromFirst(param, maxCount: maxCount, vocabularySize: vocabularySize)
    }

    /// The token ids of a list that was entered and has at least one element.
    mutating func tokenIDsFromFirst(
        _ param: String,
        maxCount: Int,
        vocabularySize: Int?
    ) throws(OpenAIError) -> [Int32] {
        var ids: [Int32] = []
        repeat {
            guard ids.count < maxCount else {
                throw .badRequest("\(param) may hold at most \(maxCount) token ids.", param: param)
            }
            ids.append(try tokenID(param, index: ids.count, vocabularySize: vocabularySize))
        } while try nextElement()
        return ids
    }

    private mutating func tokenID(
        _ param: String,
        index: Int,
        vocabularySize: Int?
    ) throws(OpenAIError) -> Int32 {
        let found = try kind()
        guard found == .number else {
            throw Self.mismatch("\(param)[\(index)]", "a token id", found.name)
        }
        let value: JSON
        do throws(JSONError) { value = try reader.readNumber() } catch { throw Self.invalid(error) }
        guard let id = value.int.flatMap(Int32.init(exactly:)), id >= 0 else {
            throw .badRequest(
                "\(param)[\(index)] must be a token id, an integer from 0 to 2147483647.",
                param: "\(param)[\(index)]"
            )
        }
        if let vocabularySize, Int(id) >= vocabularySize {
            throw .badRequest(
                "\(param)[\(index)]: token id \(id) is out of vocabulary; this model has "
                    + "\(vocabularySize) tokens.",
                param: "\(param)[\(index)]"
            )
        }
        return id
    }

    // MARK: Steps of the reader

    mutating func kind() throws(OpenAIError) -> JSONReader.Kind {
        do throws(JSONError) { return try reader.peekKind() } catch { throw Self.invalid(error) }
    }

    mutating func beginArray() throws(OpenAIError) {
        do throws(JSONError) { try reader.beginArray() } catch { throw Self.invalid(error) }
    }

    mutating func nextElement() throws(OpenAIError) -> Bool {
        do throws(JSONError) { return try reader.nextElement() } catch { throw Self.invalid(error) }
    }

    mutating func plainString() throws(OpenAIError) -> String {
        do throws(JSONError) { return try reader.readString() } catch { throw Self.invalid(error) }
    }

    /// Whether a value of this kind is next; a `null` is read and gives `false`.
    private mutating func expect(
        _ expected: JSONReader.Kind,
        _ name: String,
        _ param: String
    ) throws(OpenAIError) -> Bool {
        let found = try kind()
        if found == expected { return true }
        guard found == .null else { throw Self.mismatch(param, name, found.name) }
        try skip()
        return false
    }

    // MARK: Refusals

    static func mismatch(_ param: String, _ expected: String, _ found: String) -> OpenAIError {
        .badRequest("\(param) must be \(expected), got \(article(found)).", param: param)
    }

    static func checkLength(
        _ value: String,
        _ param: @autoclosure () -> String,
        _ maxBytes: Int
    ) throws(OpenAIError) {
        guard value.utf8.count <= maxBytes else {
            let param = param()
            throw .badRequest(
                "\(param) is \(value.utf8.count) bytes long; at most \(maxBytes) are allowed.",
                param: param
            )
        }
    }

    private static func invalid(_ error: JSONError) -> OpenAIError {
        .badRequest(
            "The request body is not valid JSON: \(error.message), at byte \(error.offset)."
        )
    }

    private static func article(_ typeName: String) -> String {
        switch typeName {
        case "null": "null"
        case "integer", "array", "object": "an \(typeName)"
        default: "a \(typeName)"
        }
    }
}

extension JSONReader.Kind {
    fileprivate var name: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
