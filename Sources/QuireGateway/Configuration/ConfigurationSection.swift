import NIOCore
import QuireJSON

/// One object of a configuration under reading: each call takes one key into its value.
///
/// A call names the key once for everything: it is read if it is there, checked, and noted as
/// known and in force. So what can be read, what is refused and what is shown cannot drift apart.
/// Used by one function at a time; not Sendable.
final class ConfigurationSection {
    /// What all sections of one reading share.
    final class Reading {
        /// Values of environment variables, for keys such as `api_key_env`.
        let environment: (String) -> String?
        var entries: [ConfigurationEntry] = []
        let collectsEntries: Bool

        init(environment: @escaping (String) -> String?, collectsEntries: Bool) {
            self.environment = environment
            self.collectsEntries = collectsEntries
        }
    }

    /// The names in full: as documented, and as given.
    let path: String
    let givenPath: String
    let reading: Reading
    /// By normalized key.
    private var members: [String: JSONObject.Member] = [:]
    private var knownNames: [String] = []

    init(
        _ object: JSONObject,
        path: String,
        givenPath: String,
        reading: Reading
    ) throws(ConfigurationError) {
        self.path = path
        self.givenPath = givenPath
        self.reading = reading
        for member in object.members {
            let name = KeyName.normalized(member.key)
            if let other = members.updateValue(member, forKey: name) {
                throw ConfigurationError(
                    path: Self.join(givenPath, member.key),
                    reason: "is the same key as \(other.key); write it once"
                )
            }
        }
    }

    // MARK: Values

    func int(
        _ name: String,
        or aliases: [String] = [],
        in range: ClosedRange<Int>,
        _ value: inout Int
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            // Quoted numbers, as environment variables are.
            let read = given.value.int ?? given.value.string.flatMap { Int($0) }
            guard let read, range.contains(read) else {
                throw refusal(given, "an integer from \(range.lowerBound) to \(range.upperBound)")
            }
            value = read
        }
        note(name, .int(value), given)
    }

    func int(
        _ name: String,
        or aliases: [String] = [],
        in range: ClosedRange<Int>,
        _ value: inout Int?
    ) throws(ConfigurationError) {
        guard isGiven(name, or: aliases) else {
            _ = try take(name, or: aliases)
            return note(name, value.map { .int($0) } ?? .null, nil)
        }
        var read = 0
        try int(name, or: aliases, in: range, &read)
        value = read
    }

    func double(
        _ name: String,
        or aliases: [String] = [],
        in range: ClosedRange<Double>,
        _ value: inout Double
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            let read = given.value.double ?? given.value.string.flatMap { Double($0) }
            guard let read, range.contains(read) else {
                throw refusal(given, "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            value = read
        }
        note(name, .double(value), given)
    }

    func bool(
        _ name: String,
        or aliases: [String] = [],
        _ value: inout Bool
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            switch (given.value, given.value.string?.lowercased()) {
            case (.bool(let read), _): value = read
            case (_, "true"?), (_, "on"?), (_, "yes"?), (_, "1"?): value = true
            case (_, "false"?), (_, "off"?), (_, "no"?), (_, "0"?): value = false
            default: throw refusal(given, "true or false")
            }
        }
        note(name, .bool(value), given)
    }

    func duration(
        _ name: String,
        or aliases: [String] = [],
        atLeast least: Duration = .zero,
        _ value: inout Duration
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given { value = try duration(given, atLeast: least) }
        note(name, .string(DurationText.render(value)), given)
    }

    func duration(
        _ name: String,
        or aliases: [String] = [],
        _ value: inout Duration?
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given { value = try duration(given, atLeast: .zero) }
        note(name, value.map { .string(DurationText.render($0)) } ?? .null, given)
    }

    /// A time limit: at least 1 ms.
    func duration(
        _ name: String,
        or aliases: [String] = [],
        _ value: inout TimeAmount
    ) throws(ConfigurationError) {
        var read = Duration.nanoseconds(value.nanoseconds)
        try duration(name, or: aliases, atLeast: .milliseconds(1), &read)
        value = .nanoseconds(Int64(clamping: read.clampedNanoseconds))
    }

    func string(
        _ name: String,
        or aliases: [String] = [],
        expected: String = "a text",
        isSecret: Bool = false,
        where isRight: (String) -> Bool = { _ in true },
        _ value: inout String
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            value = try text(given, expected: expected, isSecret: isSecret, where: isRight)
        }
        let shown = isSecret && !value.isEmpty ? "***" : value
        note(name, .string(shown), given)
    }

    func string(
        _ name: String,
        or aliases: [String] = [],
        expected: String = "a text",
        isSecret: Bool = false,
        where isRight: (String) -> Bool = { _ in true },
        _ value: inout String?
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            value = try text(given, expected: expected, isSecret: isSecret, where: isRight)
        }
        note(name, value.map { .string(isSecret ? "***" : $0) } ?? .null, given)
    }

    /// A secret that is given itself, or as the name of the environment variable that holds it.
    func secret(_ name: String, _ value: inout String?) throws(ConfigurationError) {
        let variableName = name + "_env"
        guard isGiven(variableName) else {
            _ = try take(variableName)
            return try string(name, isSecret: true, where: Self.isHeaderText, &value)
        }
        guard !isGiven(name), let given = try take(variableName) else {
            throw error(variableName, "give \(name) or \(variableName), not both")
        }
        _ = try take(name)
        let variable = try text(given, expected: "the name of an environment variable")
        guard let content = reading.environment(variable), !content.isEmpty else {
            throw ConfigurationError(
                path: Self.join(givenPath, given.key),
                reason: "the environment variable \(variable) is not set"
            )
        }
        guard Self.isHeaderText(content) else {
            throw ConfigurationError(
                path: Self.join(givenPath, given.key),
                reason: "the environment variable \(variable) holds blanks or control characters"
            )
        }
        value = content
        note(name, .string("***"), given)
    }

    /// A list of texts; one text is a list of those between its commas.
    func strings(
        _ name: String,
        or aliases: [String] = [],
        isSecret: Bool = false,
        _ value: inout [String]
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            let items: [JSON]
            switch given.value {
            case .string(let text): items = Self.commaSeparated(text).map { .string($0) }
            case .array(let array): items = array
            default: throw refusal(given, "a list of texts", isSecret: isSecret)
            }
            var read: [String] = []
            for item in items {
                guard let text = item.string, !text.isEmpty else {
                    throw refusal(given, "a list of texts", isSecret: isSecret)
                }
                read.append(text)
            }
            value = read
        }
        note(name, .array(value.map { .string(isSecret ? "***" : $0) }), given)
    }

    /// One of the values of an enumeration.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        or aliases: [String] = [],
        spelled: (String) -> Value? = { Value(rawValue: $0) },
        _ value: inout Value
    ) throws(ConfigurationError) {
        var read: Value? = value
        try choice(name, or: aliases, spelled: spelled, &read)
        if let read { value = read }
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        or aliases: [String] = [],
        spelled: (String) -> Value? = { Value(rawValue: $0) },
        _ value: inout Value?
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        if let given {
            guard let read = given.value.string.flatMap(spelled) else {
                let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
                throw refusal(given, "one of \(names)")
            }
            value = read
        }
        note(name, value.map { .string($0.rawValue) } ?? .null, given)
    }

    // MARK: Structure

    /// The members of an object of texts, such as names to names.
    func texts(_ name: String, _ value: inout [String: String]) throws(ConfigurationError) {
        let given = try take(name)
        if let given {
            guard let object = given.value.object else {
                throw refusal(given, "an object of texts")
            }
            value = [:]
            for member in object.members {
                guard let text = member.value.string, !text.isEmpty, !member.key.isEmpty else {
                    throw refusal(given, "an object of texts")
                }
                value[member.key] = text
            }
        }
        let members = value.sorted { $0.key < $1.key }
            .map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
        note(name, .object(JSONObject(uniqueMembers: members)), given)
    }

    /// An object within this one, read by `body` and then checked for keys that nobody took.
    ///
    /// `short` is the key that is meant when a plain value stands in the object's place, as in
    /// `keepalive: 32`.
    func section(
        _ name: String,
        or aliases: [String] = [],
        short: String? = nil,
        _ body: (ConfigurationSection) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        let given = try take(name, or: aliases)
        var object = JSONObject()
        switch given?.value {
        case nil: break
        case .object(let members)?: object = members
        case .some(let plain):
            guard let short, plain.array == nil, let given else {
                throw ConfigurationError(
                    path: Self.join(givenPath, given?.key ?? name),
                    reason: "expected an object, got \(plain.typeName)"
                )
            }
            object[short] = plain
            return try Self.read(
                object,
                path: Self.join(path, name),
                // The plain value was written at the object's own place.
                givenPath: Self.join(givenPath, given.key),
                reading,
                body
            )
        }
        try Self.read(
            object,
            path: Self.join(path, name),
            givenPath: Self.join(givenPath, given?.key ?? name),
            reading,
            body
        )
    }

    /// The items of a list, each read by `body`; a plain text is an object with `short`.
    ///
    /// One text is a list of those between its commas.
    func list(
        _ name: String,
        or aliases: [String] = [],
        short: String,
        _ body: (ConfigurationSection) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        guard let given = try take(name, or: aliases) else { return }
        let items: [JSON]
        switch given.value {
        case .array(let array): items = array
        case .string(let text): items = Self.commaSeparated(text).map { .string($0) }
        default: throw refusal(given, "a list")
        }
        for (index, item) in items.enumerated() {
            let itemPath = Self.join(path, name) + "[\(index)]"
            let givenItemPath = Self.join(givenPath, given.key) + "[\(index)]"
            let object: JSONObject
            switch item {
            case .object(let members): object = members
            case .string: object = [short: item]
            default:
                throw ConfigurationError(
                    path: givenItemPath,
                    reason: "expected an object or a text, got \(item.typeName)"
                )
            }
            try Self.read(object, path: itemPath, givenPath: givenItemPath, reading, body)
        }
    }

    /// Reads one object to its end.
    static func read(
        _ object: JSONObject,
        path: String,
        givenPath: String,
        _ reading: Reading,
        _ body: (ConfigurationSection) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        let section = try ConfigurationSection(
            object,
            path: path,
            givenPath: givenPath,
            reading: reading
        )
        try body(section)
        try section.finish()
    }

    /// An error at a key of this section.
    func error(_ name: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(path: Self.join(givenPath, name), reason: reason)
    }

    /// Whether one of the keys stands there with nothing behind it, as an unset variable leaves it.
    func isBlank(_ names: String...) -> Bool {
        names.contains { name in
            members[KeyName.normalized(name)].map { $0.value.isNull || $0.value.string == "" }
                ?? false
        }
    }

    func isGiven(_ name: String, or aliases: [String] = []) -> Bool {
        ([name] + aliases).contains {
            members[KeyName.normalized($0)].map { !$0.value.isNull } ?? false
        }
    }

    /// Bytes that a header field may carry.
    static func isHeaderText(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    // MARK: Helpers

    /// Takes the member of that name, or of one of its other names.
    private func take(
        _ name: String,
        or aliases: [String] = []
    ) throws(ConfigurationError) -> JSONObject.Member? {
        knownNames.append(name)
        knownNames.append(contentsOf: aliases)
        var found: JSONObject.Member?
        for spelling in [name] + aliases {
            guard let member = members.removeValue(forKey: KeyName.normalized(spelling)) else {
                continue
            }
            if let found {
                throw error(member.key, "is another name of \(found.key); write one of them")
            }
            found = member
        }
        // An empty value in YAML: as if the key was not there.
        return found?.value.isNull == true ? nil : found
    }

    private func finish() throws(ConfigurationError) {
        guard let member = members.values.min(by: { $0.key < $1.key }) else { return }
        let nearest = KeyName.nearest(to: member.key, among: knownNames)
        throw error(
            member.key,
            nearest.map { "unknown key; did you mean \($0)?" }
                ?? "unknown key; known are \(knownNames.joined(separator: ", "))"
        )
    }

    private func note(_ name: String, _ value: JSON, _ given: JSONObject.Member?) {
        guard reading.collectsEntries else { return }
        reading.entries.append(
            ConfigurationEntry(
                path: Self.join(path, name),
                value: value,
                givenPath: given.map { Self.join(givenPath, $0.key) }
            )
        )
    }

    private func text(
        _ given: JSONObject.Member,
        expected: String,
        isSecret: Bool = false,
        where isRight: (String) -> Bool = { !$0.isEmpty }
    ) throws(ConfigurationError) -> String {
        guard let text = given.value.string else {
            // A number as a name or a key: YAML has changed it already (0123, 1e3).
            let isNumber = given.value.double != nil || given.value.bool != nil
            throw refusal(
                given,
                expected + (isNumber ? " (put it in quotes)" : ""),
                isSecret: isSecret
            )
        }
        guard isRight(text) else { throw refusal(given, expected, isSecret: isSecret) }
        return text
    }

    private func refusal(
        _ given: JSONObject.Member,
        _ expected: String,
        isSecret: Bool = false
    ) -> ConfigurationError {
        error(
            given.key,
            "expected \(expected), got \(isSecret ? given.value.typeName : given.value.excerpt)"
        )
    }

    private func duration(
        _ given: JSONObject.Member,
        atLeast least: Duration
    ) throws(ConfigurationError) -> Duration {
        let read =
            given.value.string.flatMap { DurationText.parse($0) }
            ?? given.value.double.flatMap { DurationText.duration(seconds: $0) }
        guard let read, read >= least else {
            let bound = least > .zero ? " of at least \(DurationText.render(least))" : ""
            throw refusal(
                given,
                "a time\(bound) such as 500ms, 10s, 1m30s, PT10S, or a number of seconds"
            )
        }
        return read
    }

    static func commaSeparated(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            let bytes = Array(part.utf8)
            let start = bytes.prefix { $0 == 0x20 }.count
            let end = bytes.reversed().prefix { $0 == 0x20 }.count
            return start == bytes.count
                ? "" : String(decoding: bytes[start..<bytes.count - end], as: UTF8.self)
        }
        .filter { !$0.isEmpty }
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}

extension JSON {
    /// The value for a message, cut where it is long.
    var excerpt: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value.count > 60 ? "\"\(value.prefix(60))…\"" : "\"\(value)\""
        case .array(let values): "a list of \(values.count)"
        case .object: "an object"
        }
    }
}
