package import NIOCore

/// Frames pieces of text as server-sent events, one event per piece.
///
/// Each line of a piece is a `data:` line, so that a reader who joins them has the piece again. A
/// CR cannot be carried by the format: CRLF and CR become a line feed, also when a piece ends
/// between the two.
package struct TextEvents: Sendable {
    private var endedInCarriageReturn = false

    package init() {}

    /// Writes a piece; an empty one is none.
    package mutating func write(_ text: ByteBuffer, into buffer: inout ByteBuffer) {
        let bytes = text.readableBytesUInt8Span
        var start = 0
        if endedInCarriageReturn, bytes.count > 0, bytes[0] == 0x0A { start = 1 }
        if bytes.count > 0 { endedInCarriageReturn = bytes[bytes.count - 1] == 0x0D }
        guard start < bytes.count else { return }
        var lineStart = start
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x0A || byte == 0x0D else {
                index += 1
                continue
            }
            Self.writeLine(bytes.extracting(lineStart..<index), into: &buffer)
            index += 1
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
            lineStart = index
        }
        Self.writeLine(bytes.extracting(lineStart..<bytes.count), into: &buffer)
        buffer.writeStaticString("\n")
    }

    private static func writeLine(_ line: Span<UInt8>, into buffer: inout ByteBuffer) {
        // The blank is part of the format: readers drop one, and so keep one that the text has.
        buffer.writeStaticString("data: ")
        unsafe line.withUnsafeBytes { bytes in _ = unsafe buffer.writeBytes(bytes) }
        buffer.writeStaticString("\n")
    }
}
