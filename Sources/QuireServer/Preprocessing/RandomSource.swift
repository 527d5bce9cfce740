import Synchronization

/// Where seeds and ids come from when a client brings none.
///
/// Any thread. With a seed the sequence of seeds repeats from start to start, as `--seed` promises;
/// ids are always the system's randomness, since they must differ between starts.
final class RandomSource: Sendable {
    private let state: Mutex<UInt64?>

    init(seed: UInt64?) {
        state = Mutex(seed)
    }

    /// The seed of the next request that has none.
    func nextSeed() -> UInt64 {
        let next = state.withLock { state in
            state = state.map { $0 &+ 0x9E37_79B9_7F4A_7C15 }
            return state
        }
        guard var z = next else { return UInt64.random(in: .min ... .max) }
        // SplitMix64 (Steele, Lea and Flood): one addition and a mixing of the bits.
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 128 bits for an id.
    func nextID() -> UInt128 { UInt128.random(in: .min ... .max) }
}
