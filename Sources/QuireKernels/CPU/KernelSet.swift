import CQuireKernels

/// One implementation of all kernels, for the instructions of one family of processors.
package enum KernelSet: String, Sendable, CaseIterable {
    /// Plain C, which says what the others must compute.
    case reference
    /// x86-64 with AVX2 and FMA (Haswell, Zen and later).
    case avx2
    /// 64-bit Arm.
    case neon

    /// The sets that this machine can run, best first.
    package static var available: [KernelSet] {
        [.avx2, .neon, .reference].filter { unsafe $0.table != nil }
    }

    /// The best set of this machine.
    package static var best: KernelSet { available.first ?? .reference }

    /// The functions, or `nil` if this machine lacks the instructions.
    var table: UnsafePointer<quire_kernels>? {
        switch self {
        case .reference: unsafe quire_reference_kernels()
        case .avx2: unsafe quire_avx2_kernels()
        case .neon: unsafe quire_neon_kernels()
        }
    }
}

extension KernelSet {
    /// `e^x` of each element as the kernels compute it, for tests of its error.
    package func exponentials(of values: [Float]) -> [Float] {
        guard let exponential = unsafe table?.pointee.exponential else { return [] }
        return unsafe [Float](unsafeUninitializedCapacity: values.count) { result, count in
            unsafe exponential(values, result.baseAddress, Int64(values.count))
            count = values.count
        }
    }
}
