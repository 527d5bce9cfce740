package import NIOCore

/// A set of field names, compared without letter case; made once, looked up per field of a message.
package struct HTTPFieldNames: Sendable {
    /// By length, which alone rules out nearly every name.
    private let byLength: [[[UInt8]]]

    package init(_ names: [String]) {
        var byLength: [[[UInt8]]] = []
        for name in names {
            let count = name.utf8.count
            while byLength.count <= count { byLength.append([]) }
            byLength[count].append(Array(name.utf8))
        }
        self.byLength = byLength
    }

    func contains(_ name: Span<UInt8>) -> Bool {
        guard name.count < byLength.count else { return false }
        return byLength[name.count].contains { name.equalsIgnoringCase($0.span) }
    }

    /// What belongs to one connection and not to the message (RFC 9110, 7.6.1), and what frames
    /// the body, which every sender writes itself.
    package static let hopByHop = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
        "http2-settings", "content-length",
    ]
}

extension ByteBuffer {
    /// Writes the fields of a received message as lines, without those names and without the
    /// fields that its Connection field names.
    package mutating func writeFields(_ fields: HTTPFields, except names: HTTPFieldNames) {
        let namesOthers = fields.firstIndex(of: "connection").map {
            let value = fields.text(fields.entries[$0].value)
            return !["close", "keep-alive"].contains(value.lowercased())
        }
        let head = fields.bytes.readableBytesUInt8Span
        for entry in fields.entries {
            let name = head.extracting(entry.name.range)
            if names.contains(name) { continue }
            if namesOthers == true, fields.contains("connection", token: name.makeString()) {
                continue
            }
            writeImmutableBuffer(fields.slice(entry.name))
            writeStaticString(": ")
            writeImmutableBuffer(fields.slice(entry.value))
            writeStaticString("\r\n")
        }
    }
}
