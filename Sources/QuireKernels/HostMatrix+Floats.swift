extension HostMatrix {
    /// Keeps an array's elements alive and in place for a matrix that borrows them.
    @safe private final class FloatBox {
        let storage: UnsafeMutableBufferPointer<Float>

        init(_ values: [Float]) {
            unsafe storage = .allocate(capacity: values.count)
            _ = unsafe storage.initialize(from: values)
        }

        deinit { unsafe storage.deallocate() }
    }

    /// A vector of f32 values that the host computed.
    package init(floats: [Float]) {
        let box = FloatBox(floats)
        unsafe self.init(
            bytes: UnsafeRawBufferPointer(box.storage),
            type: .f32,
            rows: 1,
            columns: floats.count,
            owner: box
        )
    }

    /// The elements widened to f32, row by row; for vectors, not for weights.
    ///
    /// Requires a floating type.
    package var floats: [Float] {
        (0..<rows * columns).map { index in
            switch type {
            case .f32: unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
            case .bf16:
                Float(
                    bitPattern: UInt32(
                        unsafe bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                    ) << 16
                )
            case .f16:
                Float(unsafe bytes.loadUnaligned(fromByteOffset: index * 2, as: Float16.self))
            case .f64: Float(unsafe bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
            case .i64, .i32, .i16, .i8, .u8, .bool:
                preconditionFailure("\(type.rawValue) is not a floating type")
            }
        }
    }
}
