import NIOCore

/// Room at the end of a buffer, filled from its start.
///
/// Each write into a `ByteBuffer` asks anew for room and ownership, which costs 600 to 900
/// instructions; a head is a dozen such pieces. What is more than the room was made for traps.
@safe
struct ByteCursor {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    fileprivate init(_ room: UnsafeMutableRawBufferPointer) {
        unsafe self.room = unsafe room
    }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        let size = bytes.count
        unsafe precondition(size <= room.count - count, "more was written than announced")
        unsafe bytes.withUnsafeBytes { source in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[count..<count + size])
            unsafe target.copyMemory(from: source)
        }
        count += size
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        append(unsafe Span(_unsafeStart: text.utf8Start, count: size))
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        unsafe precondition(count < room.count, "more was written than announced")
        unsafe room[count] = byte
        count += 1
    }

    /// A number that is not negative, in decimal: up to 20 bytes.
    mutating func append(decimal number: Int) {
        var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0)
        var rest = number.magnitude
        var start = 20
        repeat {
            start -= 1
            digits[start] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        } while rest > 0
        append(digits.span.extracting(start..<20))
    }

    /// Text of a head; a line end in it would forge fields or a whole response.
    mutating func append(fieldText text: String) {
        let bytes = text.utf8.span
        if ByteClass.firstNonValue(bytes, 0..<bytes.count) == bytes.count { return append(bytes) }
        for index in bytes.indices {
            append(ByteClass.isValue(bytes[index]) ? bytes[index] : ByteClass.space)
        }
    }
}

extension ByteBuffer {
    /// Makes room once for at most so many bytes, and keeps those that were written.
    @inline(__always)
    mutating func writeBytes(atMost count: Int, _ body: (inout ByteCursor) -> Void) {
        unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            var cursor = unsafe ByteCursor(room)
            body(&cursor)
            return cursor.count
        }
    }
}
