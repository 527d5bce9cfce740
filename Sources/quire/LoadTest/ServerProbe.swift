import Glibc
import NIOCore
import QuireClient
import QuireHTTP

/// Asks a server whether it is there.
enum ServerProbe {
    /// Asks for the list of models twice a second, until an answer comes or the time is up.
    static func waitUntilReady(
        _ connections: ServerConnections,
        headers: [(name: String, value: String)],
        seconds: Int
    ) throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            do {
                _ = try WholeResponse.firstModel(headers: headers, on: connections).wait()
                return
            } catch {
                guard ContinuousClock.now < end else { throw error }
                usleep(500_000)
            }
        }
    }
}
