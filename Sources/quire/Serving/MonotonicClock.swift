import Glibc
import QuireServer

extension ServerClock {
    /// The system's clocks.
    static let system = ServerClock(
        nanoseconds: {
            var now = timespec()
            unsafe clock_gettime(CLOCK_MONOTONIC, &now)
            return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
        },
        unixTime: { time(nil) }
    )
}
