/// One scalar read from UTF-8, and where the next one begins.
struct DecodedScalar {
    var value: UInt32
    var end: Int
}

extension Span<UInt8> {
    /// Reads the scalar at `index`, which must be inside; text known to be valid UTF-8 is assumed.
    ///
    /// On invalid bytes it returns some value and moves on by at least one byte, never past the
    /// end, so that a caller's mistake cannot trap.
    @inline(__always)
    func scalar(at index: Int) -> DecodedScalar {
        let first = UInt32(self[index])
        if first < 0x80 { return DecodedScalar(value: first, end: index + 1) }
        return multibyteScalar(first, at: index)
    }

    private func multibyteScalar(_ first: UInt32, at index: Int) -> DecodedScalar {
        if first < 0xE0 {
            guard index + 1 < count else { return DecodedScalar(value: 0xFFFD, end: count) }
            return DecodedScalar(
                value: (first & 0x1F) << 6 | UInt32(self[index + 1]) & 0x3F,
                end: index + 2
            )
        }
        if first < 0xF0 {
            guard index + 2 < count else { return DecodedScalar(value: 0xFFFD, end: count) }
            let middle = UInt32(self[index + 1]) & 0x3F
            let last = UInt32(self[index + 2]) & 0x3F
            return DecodedScalar(value: (first & 0xF) << 12 | middle << 6 | last, end: index + 3)
        }
        guard index + 3 < count else { return DecodedScalar(value: 0xFFFD, end: count) }
        let second = UInt32(self[index + 1]) & 0x3F
        let third = UInt32(self[index + 2]) & 0x3F
        let fourth = UInt32(self[index + 3]) & 0x3F
        return DecodedScalar(
            value: (first & 0x7) << 18 | second << 12 | third << 6 | fourth,
            end: index + 4
        )
    }

    /// Where the scalar that ends before `index` begins.
    @inline(__always)
    func scalarStart(before index: Int) -> Int {
        var start = index - 1
        while start > 0, self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    /// The Unicode classes of a scalar value.
    @inline(__always)
    static func classes(of scalar: UInt32) -> ScalarClasses.Mask {
        scalar < 0x80 ? ScalarClasses.ascii[Int(scalar)] : ScalarClasses.shared[scalar]
    }

    /// Whether `pattern` stands at `index`.
    func hasBytes(_ pattern: [UInt8], at index: Int) -> Bool {
        guard pattern.count <= count - index else { return false }
        for offset in pattern.indices where self[index + offset] != pattern[offset] {
            return false
        }
        return true
    }
}

extension [UInt8] {
    /// Appends a part of a span.
    mutating func append(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
        unsafe bytes.extracting(start..<end).withUnsafeBufferPointer { buffer in
            unsafe append(contentsOf: buffer)
        }
    }

    /// Appends one scalar as UTF-8.
    mutating func append(scalar: Unicode.Scalar) {
        append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
