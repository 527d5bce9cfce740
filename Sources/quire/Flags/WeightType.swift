import ArgumentParser
import QuireKernels

/// `--dtype`, in vLLM's words.
enum WeightType: String, ExpressibleByArgument, CaseIterable {
    case auto, float32, float, bfloat16, float16, half

    /// What weights are kept as; `nil` leaves it to the checkpoint.
    var elementType: ElementType? {
        switch self {
        // Weights stored as f16 are kept as f32, without loss.
        case .auto: nil
        case .float32, .float, .float16, .half: .f32
        case .bfloat16: .bf16
        }
    }
}
