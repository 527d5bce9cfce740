import Glibc

/// A seeded generator (SplitMix64): the same seed, the same load, on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// Uniform in (0, 1): never 0, so that its logarithm exists.
    mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

    /// The standard normal distribution, by the method of Box and Muller.
    mutating func normal() -> Double {
        let radius = (-2 * log(uniform())).squareRoot()
        return radius * cos(2 * Double.pi * uniform())
    }

    /// The gamma distribution of that shape and scale 1, by the method of Marsaglia and Tsang.
    package mutating func gamma(shape: Double) -> Double {
        guard shape >= 1 else {
            // Gamma(a) is Gamma(a + 1) times a power of a uniform variable.
            return gamma(shape: shape + 1) * pow(uniform(), 1 / shape)
        }
        let d = shape - 1 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            if log(uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
        }
    }
}
