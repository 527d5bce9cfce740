import QuireJSON
package import QuireKernels

/// A tensor of a checkpoint: its name, type and shape, and its bytes in the mapped file.
@safe package struct CheckpointTensor: @unchecked Sendable {
    // Safe: the bytes are read-only and `file` keeps them mapped.
    package let name: String
    package let type: ElementType
    package let shape: [Int]
    package let bytes: UnsafeRawBufferPointer
    package let file: MappedFile

    /// The tensor as a matrix of its last dimension's columns; a vector has one row.
    package var matrix: HostMatrix {
        let columns = shape.last ?? 1
        let rows = shape.dropLast().reduce(1, *)
        return unsafe HostMatrix(
            bytes: bytes,
            type: type,
            rows: rows,
            columns: columns,
            owner: file
        )
    }
}

/// One safetensors file: a JSON header that names byte ranges, then the bytes.
///
///     [0, 8)          n, the header's length, little-endian
///     [8, 8 + n)      {"name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, ...}
///     [8 + n, end)    the data; the ranges tile it without gap or overlap
///
/// Format: https://github.com/huggingface/safetensors#format. Everything in the header is checked
/// before a byte of data is read.
package struct SafetensorsFile: Sendable {
    /// The reference implementation's bound on the header.
    private static let maxHeaderBytes = 100_000_000
    private static let maxDimensions = 8

    package let file: MappedFile
    package let tensors: [CheckpointTensor]

    private struct Entry {
        var name = ""
        var type = ElementType.f32
        var shape: [Int] = []
        var range = 0..<0
    }

    package init(path: String) throws(CheckpointError) {
        let file = try MappedFile(path: path)
        let total = unsafe file.bytes.count
        guard total >= 8 else {
            throw CheckpointError(path, "truncated: \(total) bytes cannot hold a header")
        }
        let headerCount = unsafe file.bytes.loadUnaligned(as: UInt64.self).littleEndian
        guard headerCount <= Self.maxHeaderBytes else {
            throw CheckpointError(
                path,
                "the header claims \(headerCount) bytes, more than the \(Self.maxHeaderBytes) allowed"
            )
        }
        let dataStart = 8 + Int(headerCount)
        guard dataStart <= total else {
            throw CheckpointError(
                path,
                "truncated: the header claims \(headerCount) bytes, the file has \(total)"
            )
        }
        var entries: [Entry]
        do throws(JSONError) {
            let header = unsafe Span<UInt8>(
                _unsafeBytes: UnsafeRawBufferPointer(rebasing: file.bytes[8..<dataStart])
            )
            entries = try Self.readHeader(header)
        } catch {
            throw CheckpointError(path, "header: \(error)")
        }
        try Self.checkTiling(&entries, dataCount: total - dataStart, path: path)
        self.file = file
        self.tensors = entries.map { entry in
            let start = dataStart + entry.range.lowerBound
            let end = dataStart + entry.range.upperBound
            return unsafe CheckpointTensor(
                name: entry.name,
                type: entry.type,
                shape: entry.shape,
                bytes: UnsafeRawBufferPointer(rebasing: file.bytes[start..<end]),
                file: file
            )
        }
    }

    private static func readHeader(_ header: Span<UInt8>) throws(JSONError) -> [Entry] {
        var reader = JSONReader(header, maxDepth: 8)
        var entries: [Entry] = []
        var names: Set<String> = []
        try reader.beginObject()
        while let name = try reader.nextKey() {
            if name == "__metadata__" {
                try reader.skipValue()
                continue
            }
            guard names.insert(name).inserted else {
                throw JSONError("tensor \"\(name)\" is listed twice", at: reader.offset)
            }
            entries.append(try readEntry(named: name, from: &reader))
        }
        try reader.finish()
        return entries
    }

    private static func readEntry(
        named name: String,
        from reader: inout JSONReader
    ) throws(JSONError) -> Entry {
        var entry = Entry(name: name)
        var type: ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "dtype":
                let word = try reader.readString()
                type = ElementType(rawValue: word)
                if type == nil {
                    throw JSONError(
                        "tensor \"\(name)\" has the unknown dtype \(word)",
                        at: reader.offset
                    )
                }
            case "shape": shape = try readCounts(from: &reader, atMost: maxDimensions, name)
            case "data_offsets": offsets = try readCounts(from: &reader, atMost: 2, name)
            default: try reader.skipValue()
            }
        }
        guard let type, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
            throw JSONError(
                "tensor \"\(name)\" needs dtype, shape and ascending data_offsets",
                at: reader.offset
            )
        }
        var byteCount = type.byteCount
        for dimension in shape {
            let (product, overflows) = byteCount.multipliedReportingOverflow(by: dimension)
            guard !overflows else {
                throw JSONError(
                    "tensor \"\(name)\": the shape \(shape) overflows",
                    at: reader.offset
                )
            }
            byteCount = product
        }
        guard byteCount == offsets[1] - offsets[0] else {
            throw JSONError(
                """
                tensor "\(name)": \(type.rawValue) \(shape) is \(byteCount) bytes, \
                its data_offsets hold \(offsets[1] - offsets[0])
                """,
                at: reader.offset
            )
        }
        entry.type = type
        entry.shape = shape
        entry.range = offsets[0]..<offsets[1]
        return entry
    }

    private static func readCounts(
        from reader: inout JSONReader,
        atMost limit: Int,
        _ name: String
    ) throws(JSONError) -> [Int] {
        var counts: [Int] = []
        try reader.beginArray()
        while try reader.nextElement() {
            let count = try reader.readInt()
            guard count >= 0, counts.count < limit else {
                throw JSONError(
                    "tensor \"\(name)\" needs at most \(limit) numbers, none negative",
                    at: reader.offset
                )
            }
            counts.append(count)
        }
        return counts
    }

    /// Requires that the ranges, put in order, cover the data exactly.
    private static func checkTiling(
        _ entries: inout [Entry],
        dataCount: Int,
        path: String
    ) throws(CheckpointError) {
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = 0
        for entry in entries {
            guard entry.range.upperBound <= dataCount else {
                throw CheckpointError(
                    path,
                    """
                    truncated: tensor "\(entry.name)" ends at byte \(entry.range.upperBound) of the \
                    data, which has \(dataCount)
                    """
                )
            }
            guard entry.range.lowerBound == end else {
                let fault =
                    entry.range.lowerBound < end ? "overlaps the one before it" : "leaves a gap"
                throw CheckpointError(path, "tensor \"\(entry.name)\" \(fault)")
            }
            end = entry.range.upperBound
        }
        guard end == dataCount else {
            throw CheckpointError(path, "\(dataCount - end) bytes after the last tensor")
        }
    }
}
