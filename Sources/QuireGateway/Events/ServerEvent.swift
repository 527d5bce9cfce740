package import NIOCore

/// One server-sent event as it came: its bytes to pass on, its data to read.
package struct ServerEvent: Sendable, Hashable {
    /// All bytes, the blank line at the end included.
    package let bytes: ByteBuffer
    let place: EventPlace

    /// The data: a slice of the bytes if it is one line, joined by line feeds if it is more; `nil`
    /// if the event has none (a comment, a name alone).
    package var data: ByteBuffer? {
        let base = bytes.readerIndex
        switch place.dataLineCount {
        case 0: return nil
        case 1: return bytes.getSlice(at: base + place.dataStart, length: place.dataCount)
        default: return ByteBuffer(bytes: place.joinedData(of: bytes.readableBytesUInt8Span))
        }
    }
}

/// Where an event lies, by offsets from the first byte that was not taken, and where its data does,
/// by offsets from its own first byte.
struct EventPlace: Sendable, Hashable {
    var start = 0
    var count = 0
    /// Where its first line begins: behind a byte order mark.
    var textStart = 0
    var dataStart = 0
    /// Bytes of the data's only line.
    var dataCount = 0
    var dataLineCount = 0

    /// The data of an event of several `data:` lines.
    func joinedData(of event: Span<UInt8>) -> [UInt8] {
        var data: [UInt8] = []
        var isFirst = true
        var index = textStart
        while index < event.count {
            let end = EventScanner.lineEnd(in: event, from: index)
            if let start = EventScanner.dataStart(in: event, line: index..<end) {
                if !isFirst { data.append(0x0A) }
                isFirst = false
                for offset in start..<end { data.append(event[offset]) }
            }
            index = end + 1
        }
        return data
    }
}
