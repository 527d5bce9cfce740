package import QuireJSON

/// The normaliser of a tokenizer.json: rewrites a text before it is split.
///
/// Each step returns `nil` where it leaves the text alone, so that the usual case copies nothing.
package struct Normalizer: Sendable {
    private enum Step: Sendable {
        case form(NormalizationForm)
        case lowercase
        case strip(left: Bool, right: Bool)
        case stripAccents
        case prepend([UInt8])
        case replace(SplitPattern, content: [UInt8])
    }

    private var steps: [Step] = []

    /// Makes the normaliser that the JSON value describes; `null` makes one that does nothing.
    package init(_ json: JSON, at path: String = "normalizer") throws(TokenizerError) {
        guard !json.isNull else { return }
        switch try json.requiredString("type", at: path) {
        case "Sequence":
            for (index, member) in try json.requiredArray("normalizers", at: path).enumerated() {
                steps += try Normalizer(member, at: "\(path).normalizers[\(index)]").steps
            }
        case "NFC": steps = [.form(.nfc)]
        case "NFD": steps = [.form(.nfd)]
        case "Lowercase": steps = [.lowercase]
        case "StripAccents": steps = [.stripAccents]
        case "Strip":
            steps = [
                .strip(
                    left: try json.flag("strip_left", default: true, at: path),
                    right: try json.flag("strip_right", default: true, at: path)
                )
            ]
        case "Prepend":
            steps = [.prepend(Array(try json.requiredString("prepend", at: path).utf8))]
        case "Replace":
            let content = Array(try json.requiredString("content", at: path).utf8)
            steps = [.replace(try SplitPattern(json["pattern"], at: path), content: content)]
        case let other: throw .unsupported(path: path, component: "normalizer \(other)")
        }
    }

    /// Whether the normaliser never changes anything.
    var isIdentity: Bool { steps.isEmpty }

    /// The normalised text, or `nil` if it is the same.
    func normalized(_ text: Span<UInt8>) -> [UInt8]? {
        var current: [UInt8]?
        for step in steps {
            if let text = current {
                if let next = Self.apply(step, to: text.span) { current = next }
            } else {
                current = Self.apply(step, to: text)
            }
        }
        return current
    }

    /// The normalised text of a whole string.
    package func normalized(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return normalized(bytes.span).map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    private static func apply(_ step: Step, to text: Span<UInt8>) -> [UInt8]? {
        switch step {
        case .form(let form): form.apply(to: text)
        case .lowercase:
            mapScalars(of: text) { scalar, output in
                let properties = scalar.properties
                output.append(contentsOf: properties.lowercaseMapping.utf8)
            }
        case .strip(let left, let right): strip(text, left: left, right: right)
        case .stripAccents:
            mapScalars(of: text) { scalar, output in
                guard Span<UInt8>.classes(of: scalar.value) & ScalarClasses.marks == 0 else {
                    return
                }
                output.append(scalar: scalar)
            }
        case .prepend(let prefix): text.isEmpty ? nil : prefix + copy(text, 0, text.count)
        case .replace(let pattern, let content): replace(pattern, in: text, by: content)
        }
    }

    private static func copy(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
        var output: [UInt8] = []
        output.append(text, from: start, to: end)
        return output
    }

    private static func mapScalars(
        of text: Span<UInt8>,
        _ body: (Unicode.Scalar, inout [UInt8]) -> Void
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let decoded = text.scalar(at: index)
            body(Unicode.Scalar(decoded.value) ?? "\u{FFFD}", &output)
            index = decoded.end
        }
        return output
    }

    private static func strip(_ text: Span<UInt8>, left: Bool, right: Bool) -> [UInt8]? {
        var start = 0
        var end = text.count
        while left, start < end {
            let scalar = text.scalar(at: start)
            guard Span<UInt8>.classes(of: scalar.value) & ScalarClasses.whitespace != 0 else {
                break
            }
            start = scalar.end
        }
        while right, end > start {
            let before = text.scalarStart(before: end)
            let scalar = text.scalar(at: before)
            guard Span<UInt8>.classes(of: scalar.value) & ScalarClasses.whitespace != 0 else {
                break
            }
            end = before
        }
        return start == 0 && end == text.count ? nil : copy(text, start, end)
    }

    static func replace(
        _ pattern: SplitPattern,
        in text: Span<UInt8>,
        by content: [UInt8]
    ) -> [UInt8]? {
        var output: [UInt8] = []
        var search = RegexProgram.Search()
        var copied = 0
        var index = 0
        while let match = pattern.nextMatch(in: text, from: index, search: &search) {
            if output.isEmpty { output.reserveCapacity(text.count + text.count / 4) }
            output.append(text, from: copied, to: match.lowerBound)
            output.append(contentsOf: content)
            copied = match.upperBound
            index = match.upperBound
        }
        guard index > 0 else { return nil }
        output.append(text, from: copied, to: text.count)
        return output
    }
}

extension SplitPattern {
    /// The `pattern` member of a component: `{"String": …}` or `{"Regex": …}`.
    init(_ json: JSON?, at path: String) throws(TokenizerError) {
        if let literal = json?["String"]?.string {
            self = .literal(Array(literal.utf8))
        } else if let source = json?["Regex"]?.string {
            self = try SplitPattern(regex: source, at: path + ".pattern")
        } else {
            throw .invalid(path: path, reason: "pattern must hold a String or a Regex")
        }
    }
}
