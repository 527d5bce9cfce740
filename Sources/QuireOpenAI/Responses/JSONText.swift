package import NIOCore

/// Writes the pieces of JSON text straight into a `ByteBuffer`, without an encoder or a tree.
///
/// Strings are escaped as Python's `json.dumps(ensure_ascii=False)` does: quotes, backslashes and
/// control characters only, everything else as its UTF-8 bytes. That is what vLLM's clients see.
extension ByteBuffer {
    /// A string with its quotes, from bytes that are valid UTF-8.
    package mutating func writeJSONString(_ utf8: Span<UInt8>) {
        writeInteger(UInt8(ascii: "\""))
        let count = JSONEscaping.escapedCount(utf8)
        unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            guard let target = bytes.baseAddress else { return 0 }
            let start = unsafe target.assumingMemoryBound(to: UInt8.self)
            return unsafe JSONEscaping.escape(utf8, to: start)
        }
        writeInteger(UInt8(ascii: "\""))
    }

    /// A string with its quotes.
    package mutating func writeJSONString(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        writeJSONString(text.utf8Span.span)
    }

    /// A string with its quotes, from bytes that may be part of a character: those become U+FFFD.
    mutating func writeJSONString(repairing bytes: [UInt8]) {
        // Decoding repairs, and is the identity for what is valid already.
        writeJSONString(String(decoding: bytes, as: UTF8.self))
    }

    /// A string with its quotes, or `null`.
    mutating func writeJSONString(_ text: String?) {
        if let text { writeJSONString(text) } else { writeStaticString("null") }
    }

    /// An integer in decimal.
    package mutating func writeJSONInteger(_ value: some FixedWidthInteger) {
        // One digit needs no String: choice indices and small counts are most of what is written.
        if value >= 0, value < 10 {
            writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
        } else {
            writeString(String(value))
        }
    }

    /// A log probability: the shortest decimal that reads back as the same number.
    ///
    /// JSON has no infinity; vLLM writes -9999.0 for what cannot be, and so do clients' tests.
    mutating func writeJSONLogprob(_ value: Float) {
        writeString((value >= -9999 ? min(value, .greatestFiniteMagnitude) : -9999).description)
    }

    /// A log probability or `null`.
    mutating func writeJSONLogprob(_ value: Float?) {
        if let value { writeJSONLogprob(value) } else { writeStaticString("null") }
    }

    /// A list of integers.
    mutating func writeJSONIntegers(_ values: some Collection<some FixedWidthInteger>) {
        writeJSONList(values) { buffer, value in buffer.writeJSONInteger(value) }
    }

    /// A list of integers, or `null`.
    mutating func writeJSONIntegers(_ values: [Int32]?) {
        if let values { writeJSONIntegers(values) } else { writeStaticString("null") }
    }

    /// A list whose elements the closure writes.
    mutating func writeJSONList<Values: Collection>(
        _ values: Values,
        _ write: (inout ByteBuffer, Values.Element) -> Void
    ) {
        writeInteger(UInt8(ascii: "["))
        var isFirst = true
        for value in values {
            if !isFirst { writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            write(&self, value)
        }
        writeInteger(UInt8(ascii: "]"))
    }
}
