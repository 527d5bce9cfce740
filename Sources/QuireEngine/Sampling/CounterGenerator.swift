/// Randomness as a function: the same seed and position give the same number, whatever was drawn
/// before or elsewhere.
///
/// It is SplitMix64 (https://doi.org/10.1145/2714064.2660195) entered at the position instead of
/// stepped; the seed is mixed first, so that seeds one apart have nothing in common.
package enum CounterGenerator {
    /// A number in `[0, 1)`, a multiple of 2⁻⁵³.
    package static func uniform(seed: UInt64, position: Int) -> Double {
        let counter = UInt64(truncatingIfNeeded: position) &+ 1
        let bits = mix(mix(seed) &+ counter &* 0x9e37_79b9_7f4a_7c15)
        return Double(bits >> 11) * 0x1p-53
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
