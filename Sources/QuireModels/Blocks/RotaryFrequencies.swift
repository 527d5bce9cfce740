import Glibc
package import QuireCheckpoint

extension ModelConfiguration.Rotary {
    /// The inverse frequencies of one head: `theta^(-2i / headDimension)`, scaled, in f32.
    ///
    /// The llama3 ramp is that of the Llama 3.1 release: wavelengths beyond the original context
    /// over `lowFrequencyFactor` are stretched by `factor`, short ones kept, those between blended.
    package func inverseFrequencies(headDimension: Int) -> [Float] {
        (0..<headDimension / 2).map { index in
            // The reference computes in f32, and positions multiply its rounding.
            let exponent = Float(2 * index) / Float(headDimension)
            let frequency = 1 / powf(Float(theta), exponent)
            switch scaling {
            case .none: return frequency
            case .linear(let factor): return frequency / Float(factor)
            case .llama3(let factor, let low, let high, let originalContext):
                let wavelength = 2 * Float.pi / frequency
                if wavelength < Float(originalContext / high) { return frequency }
                if wavelength > Float(originalContext / low) { return frequency / Float(factor) }
                let smooth = (Float(originalContext) / wavelength - Float(low)) / Float(high - low)
                return (1 - smooth) * frequency / Float(factor) + smooth * frequency
            }
        }
    }
}
