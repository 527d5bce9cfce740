package import QuireCheckpoint
package import QuireKernels

extension Checkpoint {
    /// What linear weights are kept as when nobody says (`--dtype auto`): bf16 if all matrices of
    /// the file are, else f32.
    ///
    /// An f16 file goes to f32, since bf16 would drop three bits of each weight.
    package var automaticWeightType: ElementType {
        let matrices = tensors.values.filter { $0.shape.count >= 2 }
        return !matrices.isEmpty && matrices.allSatisfy { $0.type == .bf16 } ? .bf16 : .f32
    }
}
