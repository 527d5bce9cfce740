import Glibc

/// Random numbers of the system, fetched many at a time: a request takes five, and the system's
/// generator alone makes a system call for each.
///
/// Confined to its owner. 256 bytes are the most that one call gives.
struct RandomWords: RandomNumberGenerator {
    private var words = [UInt64](repeating: 0, count: 32)
    private var usedCount = 32

    mutating func next() -> UInt64 {
        if usedCount == words.count { refill() }
        usedCount += 1
        return words[usedCount - 1]
    }

    private mutating func refill() {
        let status = unsafe words.withUnsafeMutableBytes { bytes in
            unsafe getentropy(bytes.baseAddress, bytes.count)
        }
        precondition(status == 0, "the system gives no random numbers")
        usedCount = 0
    }
}
