package import NIOCore

/// Writes HTTP/1.1 heads and chunk frames as bytes; the counterpart of the parsers.
///
/// Names and values come from our own code or from a parsed message. A control character in a
/// value becomes a space, so no value can begin a new line.
extension ByteBuffer {
    /// Writes a response's status line; header fields and `writeHeadEnd` follow.
    package mutating func writeStatusLine(_ status: Int) {
        guard let line = HTTPStatus.line(status) else {
            writeStaticString("HTTP/1.1 ")
            writeDecimal(status)
            writeStaticString(" \r\n")
            return
        }
        writeStaticString(line)
    }

    /// Writes a request line; header fields, Host among them, and `writeHeadEnd` follow.
    package mutating func writeRequestLine(_ method: String, target: String) {
        writeFieldText(method)
        writeInteger(ByteClass.space)
        writeFieldText(target)
        writeStaticString(" HTTP/1.1\r\n")
    }

    /// Writes a request line from the bytes of a parsed one.
    package mutating func writeRequestLine(_ method: ByteBuffer, target: ByteBuffer) {
        writeImmutableBuffer(method)
        writeInteger(ByteClass.space)
        writeImmutableBuffer(target)
        writeStaticString(" HTTP/1.1\r\n")
    }

    /// Writes one header field.
    package mutating func writeField(_ name: String, _ value: String) {
        writeFieldText(name)
        writeStaticString(": ")
        writeFieldText(value)
        writeStaticString("\r\n")
    }

    /// Writes one header field from the bytes of a parsed one.
    package mutating func writeField(_ name: ByteBuffer, _ value: ByteBuffer) {
        writeImmutableBuffer(name)
        writeStaticString(": ")
        writeImmutableBuffer(value)
        writeStaticString("\r\n")
    }

    /// Writes the Content-Length field.
    package mutating func writeContentLength(_ count: Int) {
        writeStaticString("content-length: ")
        writeDecimal(count)
        writeStaticString("\r\n")
    }

    /// Writes the field that announces chunks.
    package mutating func writeChunkedEncoding() {
        writeStaticString("transfer-encoding: chunked\r\n")
    }

    /// Writes the empty line that ends a head.
    package mutating func writeHeadEnd() { writeStaticString("\r\n") }

    /// Writes a chunk's frame around what `render` writes; nothing if that is nothing.
    ///
    /// The size is filled in afterwards, as eight hexadecimal digits, so the content is written
    /// once, in its place. The frame is stored in one go: five writes cost 1,000 instructions more.
    @inline(__always)
    package mutating func writeChunkFrame(_ render: (inout ByteBuffer) -> Void) {
        let start = writerIndex
        if writableBytes < 10 { reserveCapacity(minimumWritableBytes: 512) }
        moveWriterIndex(forwardBy: 10)
        render(&self)
        let end = writerIndex
        let size = end - start - 10
        guard size > 0 else {
            moveWriterIndex(to: start)
            return
        }
        if writableBytes < 2 { reserveCapacity(minimumWritableBytes: 64) }
        moveWriterIndex(forwardBy: 2)
        let digits = Self.hexDigits(UInt32(truncatingIfNeeded: size)).bigEndian
        let lineEnd = (0x0d0a as UInt16).bigEndian
        // All three places lie below the writer index, which was checked against the capacity.
        unsafe withVeryUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: digits, toByteOffset: start, as: UInt64.self)
            unsafe bytes.storeBytes(of: lineEnd, toByteOffset: start + 8, as: UInt16.self)
            unsafe bytes.storeBytes(of: lineEnd, toByteOffset: end, as: UInt16.self)
        }
    }

    /// Writes the chunk that ends a body, without trailers.
    package mutating func writeLastChunk() { writeStaticString("0\r\n\r\n") }

    /// Writes what opens a chunk of a known size.
    mutating func writeChunkSize(_ size: Int) {
        writeInteger(Self.hexDigits(UInt32(truncatingIfNeeded: size)))
        writeInteger(0x0d0a as UInt16)
    }

    /// The eight hexadecimal digits of a number, the first in the highest byte.
    @inline(__always)
    static func hexDigits(_ number: UInt32) -> UInt64 {
        // One nibble per byte, then '0' + nibble, and 39 more where it is above nine.
        var spread = UInt64(number)
        spread = (spread | spread &<< 16) & 0x0000_ffff_0000_ffff
        spread = (spread | spread &<< 8) & 0x00ff_00ff_00ff_00ff
        spread = (spread | spread &<< 4) & 0x0f0f_0f0f_0f0f_0f0f
        let letters = ((spread &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// Writes a number that is not negative.
    mutating func writeDecimal(_ number: Int) {
        var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0)
        var rest = number.magnitude
        var start = 20
        repeat {
            start -= 1
            digits[start] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        } while rest > 0
        for index in start..<20 { writeInteger(digits[index]) }
    }

    private mutating func writeFieldText(_ text: String) {
        let start = writerIndex
        writeString(text)
        // A line end here would let a value forge fields or a whole response.
        for index in start..<writerIndex {
            guard let byte = getInteger(at: index, as: UInt8.self), !ByteClass.isValue(byte) else {
                continue
            }
            setInteger(ByteClass.space, at: index)
        }
    }
}
