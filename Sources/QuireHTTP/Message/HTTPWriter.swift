package import NIOCore

/// Writes HTTP/1.1 heads and chunk frames as bytes; the counterpart of the parsers.
///
/// Names and values come from our own code or from a parsed message. A control character in a
/// value becomes a space, so no value can begin a new line.
extension ByteBuffer {
    /// Writes a response's status line; header fields and `writeHeadEnd` follow.
    package mutating func writeStatusLine(_ status: Int) {
        // Room for the rest of a usual head too, so that a new buffer grows once.
        writeBytes(atMost: 512) { output in
            if let line = HTTPStatus.line(status) { return output.append(line) }
            output.append("HTTP/1.1 ")
            output.append(decimal: status)
            output.append(" \r\n")
        }
    }

    /// Writes a request line; header fields, Host among them, and `writeHeadEnd` follow.
    package mutating func writeRequestLine(_ method: String, target: String) {
        writeBytes(atMost: method.utf8.count + target.utf8.count + 16) { output in
            output.append(fieldText: method)
            output.append(ByteClass.space)
            output.append(fieldText: target)
            output.append(" HTTP/1.1\r\n")
        }
    }

    /// Writes a request line with the target of a parsed one.
    package mutating func writeRequestLine(_ method: String, target: ByteBuffer) {
        writeBytes(atMost: method.utf8.count + target.readableBytes + 16) { output in
            output.append(fieldText: method)
            output.append(ByteClass.space)
            output.append(target.readableBytesUInt8Span)
            output.append(" HTTP/1.1\r\n")
        }
    }

    /// Writes one header field.
    package mutating func writeField(_ name: String, _ value: String) {
        writeBytes(atMost: name.utf8.count + value.utf8.count + 4) { output in
            output.append(fieldText: name)
            output.append(": ")
            output.append(fieldText: value)
            output.append("\r\n")
        }
    }

    /// Writes one header field from the bytes of a parsed one.
    package mutating func writeField(_ name: ByteBuffer, _ value: ByteBuffer) {
        writeBytes(atMost: name.readableBytes + value.readableBytes + 4) { output in
            output.append(name.readableBytesUInt8Span)
            output.append(": ")
            output.append(value.readableBytesUInt8Span)
            output.append("\r\n")
        }
    }

    /// Writes the Content-Length field.
    package mutating func writeContentLength(_ count: Int) {
        writeBytes(atMost: 40) { output in output.appendContentLength(count) }
    }

    /// Writes the field that announces chunks.
    package mutating func writeChunkedEncoding() {
        writeStaticString(ByteCursor.chunkedEncoding)
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
        writeBytes(atMost: 10) { output in output.appendChunkSize(size) }
    }

    /// Writes a whole chunk in one go: by three writes it cost 1,400 instructions more.
    mutating func writeChunk(_ bytes: Span<UInt8>) {
        writeBytes(atMost: bytes.count + 12) { output in
            output.appendChunkSize(bytes.count)
            output.append(bytes)
            output.append("\r\n")
        }
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
}

extension ByteCursor {
    static let chunkedEncoding: StaticString = "transfer-encoding: chunked\r\n"

    /// What opens a chunk: ten bytes.
    mutating func appendChunkSize(_ size: Int) {
        var digits = ByteBuffer.hexDigits(UInt32(truncatingIfNeeded: size))
        for _ in 0..<8 {
            append(UInt8(truncatingIfNeeded: digits >> 56))
            digits <<= 8
        }
        append("\r\n")
    }

    mutating func appendContentLength(_ count: Int) {
        append("content-length: ")
        append(decimal: count)
        append("\r\n")
    }
}

/// What a response's head ends with, after the fields of its own.
struct ResponseHeadEnd {
    enum Framing {
        /// The status leaves no room for a body, or the body ends with the connection.
        case unsaid
        case length(Int)
        case chunked
    }

    var framing: Framing
    /// Whether the connection ends with the response; nil where the version says so already.
    var closes: Bool?

    /// Writes it in one go, with the lines that all responses of a second share.
    func write(into output: inout ByteBuffer, dateLines: [UInt8]) {
        output.writeBytes(atMost: 80 + dateLines.count) { output in
            switch framing {
            case .unsaid: break
            case .length(let count): output.appendContentLength(count)
            case .chunked: output.append(ByteCursor.chunkedEncoding)
            }
            switch closes {
            case true?: output.append("connection: close\r\n")
            case false?: output.append("connection: keep-alive\r\n")
            case nil: break
            }
            output.append(dateLines.span)
            output.append("\r\n")
        }
    }
}
