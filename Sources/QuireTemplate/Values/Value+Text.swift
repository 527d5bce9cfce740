/// `str()` and `repr()` of values, written into a byte buffer.
extension Value {
    /// Appends `str(self)`, or its beginning if `output` grows beyond `limit` bytes.
    func appendText(to output: inout [UInt8], limit: Int) {
        switch self {
        case .string(let text): output.append(contentsOf: text.utf8)
        case .undefined: break
        default: appendRepresentation(to: &output, limit: limit)
        }
    }

    /// Appends `repr(self)`, or its beginning if `output` grows beyond `limit` bytes.
    ///
    /// Values nest boundedly; a namespace within a namespace is not opened, because those can hold
    /// one another. What a namespace within holds may be more than when the value was made and paid
    /// for, so that only the limit bounds the text.
    func appendRepresentation(to output: inout [UInt8], limit: Int, inNamespace: Bool = false) {
        switch self {
        case .undefined: output.append(contentsOf: "Undefined".utf8)
        case .none: output.append(contentsOf: "None".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "True" : "False").utf8)
        case .int(let value): output.append(contentsOf: String(value).utf8)
        case .double(let value): output.append(contentsOf: pythonText(of: value).utf8)
        case .string(let text): text.appendRepresentation(to: &output)
        case .sequence(let sequence):
            sequence.appendRepresentation(to: &output, limit: limit, inNamespace: inNamespace)
        case .dictionary(let dictionary):
            Self.appendMembers(
                dictionary.keys,
                dictionary.values,
                to: &output,
                limit: limit,
                inNamespace
            )
        case .namespace(let namespace):
            output.append(contentsOf: "<Namespace ".utf8)
            if inNamespace {
                output.append(contentsOf: "{...}".utf8)
            } else {
                let names = namespace.names.map { Value.string($0) }
                Self.appendMembers(names, namespace.values, to: &output, limit: limit, true)
            }
            output.append(UInt8(ascii: ">"))
        case .macro(let macro):
            output.append(contentsOf: "<Macro '\(macro.definition.name)'>".utf8)
        case .loop(let loop):
            output.append(contentsOf: "<LoopContext \(loop.index + 1)/\(loop.items.count)>".utf8)
        case .function(let function): output.append(contentsOf: "<function \(function)>".utf8)
        case .method(let method):
            output.append(
                contentsOf: "<built-in method \(method.method.name) of \(method.receiver.typeName)"
                    .utf8
            )
            output.append(contentsOf: " object>".utf8)
        case .generator: output.append(contentsOf: "<generator object>".utf8)
        case .cycler: output.append(contentsOf: "<Cycler object>".utf8)
        case .joiner: output.append(contentsOf: "<Joiner object>".utf8)
        }
    }

    private static func appendMembers(
        _ keys: [Value],
        _ values: [Value],
        to output: inout [UInt8],
        limit: Int,
        _ inNamespace: Bool
    ) {
        output.append(UInt8(ascii: "{"))
        for index in keys.indices where output.count <= limit {
            if index > 0 { output.append(contentsOf: ", ".utf8) }
            keys[index].appendRepresentation(to: &output, limit: limit, inNamespace: inNamespace)
            output.append(contentsOf: ": ".utf8)
            values[index].appendRepresentation(to: &output, limit: limit, inNamespace: inNamespace)
        }
        output.append(UInt8(ascii: "}"))
    }
}

extension ValueSequence {
    fileprivate func appendRepresentation(
        to output: inout [UInt8],
        limit: Int,
        inNamespace: Bool
    ) {
        if let rangeText {
            output.append(contentsOf: rangeText.utf8)
            return
        }
        let isTuple = kind == .tuple
        let isView = kind != .list && !isTuple
        if isView { output.append(contentsOf: "\(kind.rawValue)(".utf8) }
        output.append(isTuple ? UInt8(ascii: "(") : UInt8(ascii: "["))
        for (index, element) in elements.enumerated() where output.count <= limit {
            if index > 0 { output.append(contentsOf: ", ".utf8) }
            element.appendRepresentation(to: &output, limit: limit, inNamespace: inNamespace)
        }
        if isTuple, elements.count == 1 { output.append(UInt8(ascii: ",")) }
        output.append(isTuple ? UInt8(ascii: ")") : UInt8(ascii: "]"))
        if isView { output.append(UInt8(ascii: ")")) }
    }
}

extension String {
    /// Appends `repr(str)`: single quotes unless only those occur, escapes for what is not printable.
    fileprivate func appendRepresentation(to output: inout [UInt8]) {
        let bytes = utf8
        let usesDouble = bytes.contains(UInt8(ascii: "'")) && !bytes.contains(UInt8(ascii: "\""))
        let quote = usesDouble ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        output.append(quote)
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": output.append(contentsOf: "\\\\".utf8)
            case "\n": output.append(contentsOf: "\\n".utf8)
            case "\r": output.append(contentsOf: "\\r".utf8)
            case "\t": output.append(contentsOf: "\\t".utf8)
            case "'" where !usesDouble: output.append(contentsOf: "\\'".utf8)
            default:
                if scalar.isPythonPrintable {
                    output.append(contentsOf: String(scalar).utf8)
                } else {
                    output.append(contentsOf: scalar.pythonEscape.utf8)
                }
            }
        }
        output.append(quote)
    }
}

extension Unicode.Scalar {
    /// `str.isprintable` of one code point.
    var isPythonPrintable: Bool {
        if isASCII { return value >= 0x20 && value < 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            false
        default: true
        }
    }

    /// `\xe9`, `\u200b` or `\U0001f600`.
    fileprivate var pythonEscape: String {
        let digits = String(value, radix: 16)
        let (marker, width) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + marker + String(repeating: "0", count: width - digits.count) + digits
    }
}
