package import NIOCore
package import QuireHTTP

/// Splits a body of server-sent events into the data of each.
///
/// A value without I/O. The OpenAI API writes an event's data on one line, so each `data:` line is
/// one event here; other fields and comments are passed over. A line may be cut anywhere.
package struct EventStream: Sendable {
    /// The longest line that is taken; a longer one is a fault of the server.
    package static let lineBytesMax = 16 << 20

    private var input = ByteBuffer()
    /// Offset up to which no line end was found, so that a long line is searched once.
    private var searched = 0

    package init() {}

    /// Takes received bytes.
    package mutating func append(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 {
            input = bytes
            searched = 0
        } else {
            input.writeImmutableBuffer(bytes)
        }
    }

    /// The data of the next event, or nil when more bytes are needed.
    package mutating func next() throws(ClientError) -> ByteBuffer? {
        while true {
            let view = input.readableBytesView
            let start = view.startIndex
            guard let end = view[(start + searched)...].firstIndex(of: 0x0A) else {
                searched = view.count
                if searched > Self.lineBytesMax { throw .malformed("an event is too long") }
                return nil
            }
            var line = input.readSlice(length: end - start) ?? ByteBuffer()
            input.moveReaderIndex(forwardBy: 1)
            searched = 0
            if let data = Self.data(of: &line) { return data }
        }
    }

    /// What follows `data:` and one blank; nil for any other line.
    private static func data(of line: inout ByteBuffer) -> ByteBuffer? {
        guard line.readableBytesView.starts(with: "data:".utf8) else { return nil }
        line.moveReaderIndex(forwardBy: 5)
        if line.readableBytesView.first == 0x20 { line.moveReaderIndex(forwardBy: 1) }
        if line.readableBytesView.last == 0x0D {
            line.moveWriterIndex(to: line.writerIndex - 1)
        }
        return line
    }
}
