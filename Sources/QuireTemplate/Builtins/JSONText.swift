/// How `tojson` writes, after Python's `json.dumps`.
struct JSONStyle {
    var ensuresASCII = false
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
}

extension Interpreter {
    /// The filter `tojson` as transformers defines it (nothing is escaped for HTML).
    mutating func toJSON(
        _ value: Value,
        _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        let bound = try arguments.bound(
            to: ["ensure_ascii", "indent", "separators", "sort_keys"],
            of: "tojson",
            line: line
        )
        var style = JSONStyle()
        style.ensuresASCII = bound.bool(0)
        style.sortsKeys = bound.bool(3)
        if let indent = bound[1] {
            switch indent {
            case .none: break
            case .string(let text): style.indent = text
            default:
                let width = max(try bound.int(1) ?? 0, 0)
                guard width <= 100 else { throw fail("tojson: indent is more than 100") }
                style.indent = String(repeating: " ", count: width)
            }
            if style.indent != nil { style.itemSeparator = "," }
        }
        if case .sequence(let separators)? = bound[2] {
            guard separators.elements.count == 2,
                case .string(let item) = separators.elements[0],
                case .string(let key) = separators.elements[1]
            else { throw fail("tojson: separators must be two strings") }
            style.itemSeparator = item
            style.keySeparator = key
        }
        try spend(value.extent.weight)
        var bytes: [UInt8] = []
        try appendJSON(value, style, depth: 0, to: &bytes)
        return try make(String(decoding: bytes, as: UTF8.self))
    }

    private mutating func appendJSON(
        _ value: Value,
        _ style: JSONStyle,
        depth: Int,
        to bytes: inout [UInt8]
    ) throws(TemplateError) {
        try checkSize(bytes.count)
        switch value {
        case .none: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let value): bytes.append(contentsOf: String(value).utf8)
        case .double(let value): bytes.append(contentsOf: Self.jsonText(of: value).utf8)
        case .string(let text): text.appendJSON(style.ensuresASCII, to: &bytes)
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            bytes.append(UInt8(ascii: "["))
            for (index, element) in sequence.elements.enumerated() {
                appendSeparator(style, isFirst: index == 0, depth: depth + 1, to: &bytes)
                try appendJSON(element, style, depth: depth + 1, to: &bytes)
            }
            if !sequence.elements.isEmpty { appendNewline(style, depth: depth, to: &bytes) }
            bytes.append(UInt8(ascii: "]"))
        case .dictionary(let dictionary):
            bytes.append(UInt8(ascii: "{"))
            for (position, index) in try memberOrder(dictionary, style).enumerated() {
                appendSeparator(style, isFirst: position == 0, depth: depth + 1, to: &bytes)
                try jsonKey(dictionary.keys[index]).appendJSON(style.ensuresASCII, to: &bytes)
                bytes.append(contentsOf: style.keySeparator.utf8)
                try appendJSON(dictionary.values[index], style, depth: depth + 1, to: &bytes)
            }
            if dictionary.count > 0 { appendNewline(style, depth: depth, to: &bytes) }
            bytes.append(UInt8(ascii: "}"))
        default: throw fail("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private mutating func memberOrder(
        _ dictionary: ValueDictionary,
        _ style: JSONStyle
    ) throws(TemplateError) -> [Int] {
        let indices = Array(dictionary.keys.indices)
        guard style.sortsKeys else { return indices }
        return try sorted(dictionary.keys, keys: dictionary.keys, reverse: false).order
    }

    private func jsonKey(_ key: Value) throws(TemplateError) -> String {
        switch key {
        case .string(let text): text
        case .none: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): Self.jsonText(of: value)
        default:
            throw fail(
                "keys must be str, int, float, bool or None, not \(key.typeName)"
            )
        }
    }

    private static func jsonText(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return pythonText(of: value)
    }

    private func appendSeparator(
        _ style: JSONStyle,
        isFirst: Bool,
        depth: Int,
        to bytes: inout [UInt8]
    ) {
        if !isFirst { bytes.append(contentsOf: style.itemSeparator.utf8) }
        appendNewline(style, depth: depth, to: &bytes)
    }

    private func appendNewline(_ style: JSONStyle, depth: Int, to bytes: inout [UInt8]) {
        guard let indent = style.indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { bytes.append(contentsOf: indent.utf8) }
    }
}

extension String {
    /// Appends the text as a JSON string with Python's choice of escapes.
    fileprivate func appendJSON(_ ensuresASCII: Bool, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        guard !ensuresASCII || utf8.allSatisfy({ $0 < 0x80 }) else {
            for unit in utf16 {
                if unit < 0x80 {
                    Self.appendASCII(UInt8(truncatingIfNeeded: unit), to: &bytes)
                } else {
                    Self.appendEscape(unit, to: &bytes)
                }
            }
            bytes.append(UInt8(ascii: "\""))
            return
        }
        for byte in utf8 { Self.appendASCII(byte, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Bytes of longer sequences pass as they are.
    private static func appendASCII(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0..<0x20: appendEscape(UInt16(byte), to: &bytes)
        default: bytes.append(byte)
        }
    }

    private static func appendEscape(_ unit: UInt16, to bytes: inout [UInt8]) {
        let digits = String(unit, radix: 16)
        bytes.append(contentsOf: "\\u".utf8)
        for _ in digits.utf8.count..<4 { bytes.append(UInt8(ascii: "0")) }
        bytes.append(contentsOf: digits.utf8)
    }
}
