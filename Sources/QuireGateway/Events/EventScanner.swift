import NIOCore

/// The line by line part of ``EventFraming``: offsets over bytes that somebody else holds.
///
/// Offsets count from the first byte that was not taken; each byte is looked at once.
struct EventScanner: Sendable {
    /// Where the event begins that is still open.
    private(set) var eventStart = 0
    private var lineStart = 0
    private var scanned = 0
    private var place = EventPlace()
    private var isAtStreamStart = true
    /// Whether no line but comments came since the last event, so that another can go out at once.
    private var isAtEventStart = true
    /// Whether the last line ended in a CR that was the last byte.
    private var skipsLineFeed = false

    /// Finds the next whole event among a buffer's readable bytes.
    mutating func findEvent(in bytes: ByteBuffer) -> EventPlace? {
        findEvent(in: bytes.readableBytesUInt8Span)
    }

    /// Finds the next whole event; the bytes are those of the last call and what came since.
    mutating func findEvent(in bytes: Span<UInt8>) -> EventPlace? {
        guard passStreamStart(bytes) else { return nil }
        while scanned < bytes.count {
            if skipsLineFeed {
                skipsLineFeed = false
                if bytes[scanned] == 0x0A {
                    scanned += 1
                    lineStart = scanned
                    continue
                }
            }
            let end = Self.lineEnd(in: bytes, from: scanned)
            guard end < bytes.count else {
                scanned = end
                break
            }
            var next = end + 1
            if bytes[end] == 0x0D {
                if next == bytes.count {
                    skipsLineFeed = true
                } else if bytes[next] == 0x0A {
                    next += 1
                }
            }
            let line = lineStart..<end
            lineStart = next
            scanned = next
            if let found = read(line, of: bytes, next) { return found }
        }
        return nil
    }

    /// The first bytes were taken; they belong to events that were found.
    mutating func take(_ count: Int) {
        precondition(count <= eventStart, "only found events can be taken")
        eventStart -= count
        lineStart -= count
        scanned -= count
    }

    /// All bytes were taken.
    mutating func forget() {
        eventStart = 0
        lineStart = 0
        scanned = 0
        place = EventPlace()
        isAtEventStart = true
    }

    // MARK: Lines

    /// Passes over a byte order mark; `false` while it cannot be told.
    private mutating func passStreamStart(_ bytes: Span<UInt8>) -> Bool {
        guard isAtStreamStart else { return true }
        let mark: [3 of UInt8] = [0xEF, 0xBB, 0xBF]
        for index in 0..<3 {
            guard index < bytes.count else { return false }
            guard bytes[index] == mark[index] else {
                isAtStreamStart = false
                return true
            }
        }
        isAtStreamStart = false
        lineStart = 3
        scanned = 3
        place.textStart = 3
        return true
    }

    /// Reads a line that ended; returns the event if that was its last one.
    private mutating func read(
        _ line: Range<Int>,
        of bytes: Span<UInt8>,
        _ next: Int
    ) -> EventPlace? {
        let isComment = !line.isEmpty && bytes[line.lowerBound] == UInt8(ascii: ":")
        if line.isEmpty || isComment && isAtEventStart {
            var found = place
            found.start = eventStart
            found.count = next - eventStart
            place = EventPlace()
            eventStart = next
            isAtEventStart = true
            return found
        }
        isAtEventStart = false
        if let start = Self.dataStart(in: bytes, line: line) {
            place.dataLineCount += 1
            place.dataStart = start - eventStart
            place.dataCount = line.upperBound - start
        }
        return nil
    }

    /// Where a `data` line's value begins; `nil` for any other line.
    static func dataStart(in bytes: Span<UInt8>, line: Range<Int>) -> Int? {
        let start = line.lowerBound
        guard line.count >= 4, bytes[start] == UInt8(ascii: "d"),
            bytes[start + 1] == UInt8(ascii: "a"), bytes[start + 2] == UInt8(ascii: "t"),
            bytes[start + 3] == UInt8(ascii: "a")
        else { return nil }
        guard line.count > 4 else { return line.upperBound }
        guard bytes[start + 4] == UInt8(ascii: ":") else { return nil }
        let hasBlank = line.count > 5 && bytes[start + 5] == 0x20
        return start + (hasBlank ? 6 : 5)
    }

    /// The offset of the next LF or CR, or the end; eight bytes at a time.
    static func lineEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = bytes.word(at: index)
            let found = ByteWord.marks(of: 0x0A, in: word) | ByteWord.marks(of: 0x0D, in: word)
            if found != 0 { return index + ByteWord.firstIndex(found) }
            index += 8
        }
        while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
        return index
    }
}
