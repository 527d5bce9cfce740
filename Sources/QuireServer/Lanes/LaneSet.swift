package import NIOCore
package import QuireEngine

/// All lanes of a server, as the engine's sink: one per event loop.
package final class LaneSet: OutputSink {
    private let lanes: [TokenLane]

    /// Makes a lane for each of the loops.
    package init(loops: [any EventLoop]) {
        lanes = loops.enumerated().map { TokenLane(index: $0, loop: $1) }
    }

    package func deliver(_ events: [OutputEvent], lane: Int) { lanes[lane].post(events) }

    /// The lane of the loop that runs this code.
    func lane(of loop: any EventLoop) -> TokenLane? { lanes.first { $0.loop === loop } }
}
