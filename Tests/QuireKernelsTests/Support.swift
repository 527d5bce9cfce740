import QuireKernels

/// A seeded source of test values (SplitMix64).
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    mutating func pick<T>(_ values: [T]) -> T {
        values[Int.random(in: 0..<values.count, using: &self)]
    }
}

/// A matrix that owns its bytes, in a type that checkpoints store.
@safe final class StoredMatrix {
    let rows: Int
    let columns: Int
    let type: ElementType
    private let storage: UnsafeMutableRawBufferPointer

    init(_ values: [Float], rows: Int, columns: Int, type: ElementType) {
        precondition(values.count == rows * columns)
        self.rows = rows
        self.columns = columns
        self.type = type
        // One element further than aligned: files promise no alignment.
        let offset = type.byteCount
        unsafe storage = .allocate(byteCount: offset + values.count * type.byteCount, alignment: 64)
        for (index, value) in values.enumerated() {
            let place = offset + index * type.byteCount
            switch type {
            case .f32: unsafe storage.storeBytes(of: value, toByteOffset: place, as: Float.self)
            case .f16:
                unsafe storage.storeBytes(
                    of: Float16(value),
                    toByteOffset: place,
                    as: Float16.self
                )
            default:
                unsafe storage.storeBytes(
                    of: Self.bf16(value),
                    toByteOffset: place,
                    as: UInt16.self
                )
            }
        }
    }

    deinit { unsafe storage.deallocate() }

    var matrix: HostMatrix {
        unsafe HostMatrix(
            bytes: UnsafeRawBufferPointer(rebasing: storage[type.byteCount...]),
            type: type,
            rows: rows,
            columns: columns,
            owner: self
        )
    }

    /// The values as they are stored, and then as a weight of `kept` keeps them.
    func values(keptAs kept: ElementType) -> [Float] {
        matrix.floats.map { kept == .bf16 ? Self.rounded($0) : $0 }
    }

    static func bf16(_ value: Float) -> UInt16 {
        if value.isNaN { return UInt16(truncatingIfNeeded: value.bitPattern >> 16) | 0x40 }
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    static func rounded(_ value: Float) -> Float { Float(bitPattern: UInt32(bf16(value)) << 16) }
}

extension CPUBackend {
    /// Starts a step of `rows` rows that nothing but their count matters of.
    func beginRows(_ rows: Int) {
        let batch = StepBatch(
            blockSize: 16,
            maxRows: rows,
            maxSequences: 1,
            maxBlocks: rows,
            maxLogitsRows: rows
        )
        batch.append(
            tokens: (0..<Int32(rows)).map { $0 },
            computedCount: 0,
            blockTable: Array(0..<Int32((rows + 15) / 16))
        )
        begin(batch)
    }

    func makeBuffer(_ values: [Float], columns: Int) -> CPUBuffer {
        let rows = values.count / columns
        let buffer = makeBuffer(rows: rows, columns: columns)
        unsafe withHostRows(of: buffer, rows: rows) { memory in
            for (index, value) in values.enumerated() { unsafe memory[index] = value }
        }
        return buffer
    }

    func values(of buffer: CPUBuffer, rows: Int) -> [Float] {
        unsafe withHostRows(of: buffer, rows: rows) { unsafe Array($0) }
    }
}

extension [Float] {
    /// The bits, to compare exactly: NaN equals itself, and 0 is not −0.
    var bits: [UInt32] { map { $0.bitPattern } }
}
