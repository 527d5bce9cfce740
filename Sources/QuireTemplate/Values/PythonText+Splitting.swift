/// Cutting and searching of texts.
extension String {
    /// Whether the text begins (or ends) with the bytes of `affix`.
    func hasAffix(_ affix: String, atEnd: Bool) -> Bool {
        let bytes = utf8.span
        let part = affix.utf8.span
        guard part.count <= bytes.count else { return false }
        return PythonText.matches(part, in: bytes, at: atEnd ? bytes.count - part.count : 0)
    }

    /// The byte in `range` where `needle` first occurs.
    func firstOffset(of needle: String, in range: Range<Int>) -> Int? {
        PythonText.find(
            needle.utf8.span,
            in: utf8.span.extracting(0..<range.upperBound),
            from: range.lowerBound
        )
    }

    /// The byte in `range` where `needle` last occurs.
    func lastOffset(of needle: String, in range: Range<Int>) -> Int? {
        let found = PythonText.findLast(needle.utf8.span, in: utf8.span, before: range.upperBound)
        guard let found, found >= range.lowerBound else { return nil }
        return found
    }

    /// How often `needle` occurs without overlap.
    func occurrences(of needle: String) -> Int {
        guard !needle.isEmpty else { return scalarCount + 1 }
        let bytes = utf8.span
        let part = needle.utf8.span
        var count = 0
        var cursor = 0
        while let found = PythonText.find(part, in: bytes, from: cursor) {
            count += 1
            cursor = found + part.count
        }
        return count
    }

    /// `str.split(separator)`: at most `limit` cuts, counted from the chosen end.
    func split(at separator: String, limit: Int, fromEnd: Bool) -> [String] {
        let bytes = utf8.span
        let needle = separator.utf8.span
        var parts: [String] = []
        if fromEnd {
            var end = bytes.count
            while parts.count < limit,
                let found = PythonText.findLast(needle, in: bytes, before: end)
            {
                parts.append(slice(found + needle.count..<end))
                end = found
            }
            parts.append(slice(0..<end))
            return parts.reversed()
        }
        var start = 0
        while parts.count < limit, let found = PythonText.find(needle, in: bytes, from: start) {
            parts.append(slice(start..<found))
            start = found + needle.count
        }
        parts.append(slice(start..<bytes.count))
        return parts
    }

    /// `str.split()`: cuts at runs of white space, none at the ends.
    func splitAtWhitespace(limit: Int, fromEnd: Bool) -> [String] {
        let bytes = utf8.span
        var parts: [String] = []
        if fromEnd {
            var end = PythonText.trailingWhitespaceStart(bytes)
            while end > 0 {
                // What is left after the last cut keeps the white space at its start.
                var start = 0
                if parts.count < limit {
                    start = end
                    while start > 0 {
                        var previous = start - 1
                        while previous > 0, bytes[previous] & 0xC0 == 0x80 { previous -= 1 }
                        let one = bytes.extracting(previous..<start)
                        if PythonText.leadingWhitespaceCount(one) > 0 { break }
                        start = previous
                    }
                }
                parts.append(slice(start..<end))
                end = PythonText.trailingWhitespaceStart(bytes.extracting(0..<start))
            }
            return parts.reversed()
        }
        var start = PythonText.leadingWhitespaceCount(bytes)
        while start < bytes.count {
            guard parts.count < limit else {
                parts.append(slice(start..<bytes.count))
                break
            }
            var end = start
            while end < bytes.count, let (scalar, length) = PythonText.scalar(in: bytes, at: end),
                !PythonText.isWhitespace(scalar)
            {
                end += length
            }
            parts.append(slice(start..<end))
            start = end + PythonText.leadingWhitespaceCount(bytes.extracting(end...))
        }
        return parts
    }

    /// `str.splitlines`.
    func pythonLines(keepingEnds: Bool) -> [String] {
        let bytes = utf8.span
        var lines: [String] = []
        var start = 0
        var index = 0
        while index < bytes.count, let (scalar, length) = PythonText.scalar(in: bytes, at: index) {
            var next = index + length
            switch scalar.value {
            case 0x0D where next < bytes.count && bytes[next] == 0x0A:
                next += 1
                fallthrough
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(slice(start..<(keepingEnds ? next : index)))
                start = next
            default: break
            }
            index = next
        }
        if start < bytes.count { lines.append(slice(start..<bytes.count)) }
        return lines
    }

    /// `str.expandtabs`.
    func expandingTabs(_ tabSize: Int) -> String {
        var result = String.UnicodeScalarView()
        var column = 0
        for scalar in unicodeScalars {
            if scalar == "\t" {
                guard tabSize > 0 else { continue }
                let count = tabSize - column % tabSize
                for _ in 0..<count { result.append(" ") }
                column += count
            } else {
                result.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return String(result)
    }
}
