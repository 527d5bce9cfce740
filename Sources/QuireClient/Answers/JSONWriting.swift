package import NIOCore
package import QuireJSON

extension JSON {
    /// The value as compact text.
    package var compactText: String {
        var buffer = ByteBuffer()
        buffer.writeJSON(self)
        return String(buffer: buffer)
    }
}

/// Writes JSON values as compact text: request bodies and result files.
extension ByteBuffer {
    /// Writes a value; a number that JSON does not have (infinity) becomes null.
    package mutating func writeJSON(_ value: JSON) {
        switch value {
        case .null: writeStaticString("null")
        case .bool(let value): writeString(value ? "true" : "false")
        case .int(let value): writeString("\(value)")
        case .double(let value): writeString(value.isFinite ? "\(value)" : "null")
        case .string(let text): writeQuoted(text)
        case .array(let values):
            writeStaticString("[")
            for (index, value) in values.enumerated() {
                if index > 0 { writeStaticString(", ") }
                writeJSON(value)
            }
            writeStaticString("]")
        case .object(let object):
            writeStaticString("{")
            for (index, member) in object.members.enumerated() {
                if index > 0 { writeStaticString(", ") }
                writeQuoted(member.key)
                writeStaticString(": ")
                writeJSON(member.value)
            }
            writeStaticString("}")
        }
    }

    private mutating func writeQuoted(_ text: String) {
        writeStaticString("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): writeStaticString("\\\"")
            case UInt8(ascii: "\\"): writeStaticString("\\\\")
            case 0x0A: writeStaticString("\\n")
            case 0x0D: writeStaticString("\\r")
            case 0x09: writeStaticString("\\t")
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                writeString("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            default: writeInteger(byte)
            }
        }
        writeStaticString("\"")
    }
}

extension JSON {
    /// The value as compact text.
    package var text: String {
        var buffer = ByteBuffer()
        buffer.writeJSON(self)
        return String(buffer: buffer)
    }
}
