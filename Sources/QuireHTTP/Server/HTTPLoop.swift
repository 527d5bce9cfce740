package import NIOCore
import Synchronization

/// The connections of one event loop, their time limits and their shared Date field.
///
/// Confined to its event loop. Time limits cost nothing per request: a connection notes the tick
/// at which it is due, and one task per loop looks at all of them every tick, while there are any.
package final class HTTPLoop: @unchecked Sendable {
    // Sendable by confinement: every entry point checks that it runs on `eventLoop`.
    package let eventLoop: any EventLoop
    let configuration: HTTPServerConfiguration
    let responder: any HTTPResponder
    package let counts: HTTPServerCounts
    var connections: [HTTPConnection] = []
    /// Counts sweeps; deadlines are compared with it.
    var tick = 0
    private(set) var phase = Phase.serving
    private var isSweeping = false
    private var date: HTTPDate
    private var drained: EventLoopPromise<Void>?

    enum Phase {
        case serving
        /// The server will go: every request is served, and every answer asks the client to leave.
        case leaving
        /// The listener is closed; connections end as soon as nothing runs on them.
        case closing
    }

    /// Creates the state of a loop; `counts` are shared between the loops of one server.
    package init(
        eventLoop: any EventLoop,
        configuration: HTTPServerConfiguration,
        counts: HTTPServerCounts = HTTPServerCounts(),
        responder: any HTTPResponder
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.counts = counts
        self.responder = responder
        date = HTTPDate(serverName: configuration.serverName)
    }

    /// Serves a channel of this loop; the channel must not read by itself.
    package func serve(_ channel: any Channel) throws {
        eventLoop.preconditionInEventLoop()
        try channel.pipeline.syncOperations.addHandler(HTTPConnection(loop: self))
    }

    /// Ticks that cover the time; a deadline is never early.
    func ticks(_ time: TimeAmount) -> Int {
        Int(
            (time.nanoseconds + configuration.tick.nanoseconds - 1) / configuration.tick.nanoseconds
        )
            + 1
    }

    /// The Server and Date lines of an answer that is written now.
    func dateLines() -> [UInt8] { date.lines(at: configuration.unixTime()) }

    // MARK: - Connections

    func add(_ connection: HTTPConnection) {
        connection.index = connections.count
        connections.append(connection)
        if !isSweeping { scheduleSweep() }
    }

    func remove(_ connection: HTTPConnection) {
        let index = connection.index
        guard index >= 0, index < connections.count else { return }
        connections.swapAt(index, connections.count - 1)
        connections[index].index = index
        connections.removeLast()
        connection.index = -1
        if connections.isEmpty { drained?.succeed() }
    }

    private func scheduleSweep() {
        isSweeping = true
        eventLoop.assumeIsolated().scheduleTask(in: configuration.tick) { self.sweep() }
    }

    private func sweep() {
        tick += 1
        // Backwards, since a connection that closes is replaced by the last one.
        var index = connections.count - 1
        while index >= 0 {
            if index < connections.count, connections[index].deadline <= tick {
                connections[index].deadlinePassed()
            }
            index -= 1
        }
        if connections.isEmpty {
            isSweeping = false
        } else {
            scheduleSweep()
        }
    }

    // MARK: - Shutdown

    /// Asks clients to leave, by `connection: close` in every answer whose head is still to come.
    package func beginDrain() {
        eventLoop.preconditionInEventLoop()
        if phase == .serving { phase = .leaving }
    }

    /// Closes idle connections, lets the others finish, and those that have not by then are cut.
    package func drain(within time: TimeAmount) -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        if let drained { return drained.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        phase = .closing
        for connection in connections { connection.drain() }
        if connections.isEmpty {
            promise.succeed()
        } else {
            let cut = eventLoop.assumeIsolated().scheduleTask(in: time) {
                for connection in self.connections { connection.abort() }
            }
            promise.futureResult.whenComplete { _ in cut.cancel() }
        }
        return promise.futureResult
    }
}

/// What the loops of one server hold together.
package final class HTTPServerCounts: Sendable {
    private let connectionCount = Atomic<Int>(0)
    private let bodyByteCount = Atomic<Int>(0)

    /// Creates counts of zero.
    package init() {}

    /// The connections that are open.
    package var connections: Int { connectionCount.load(ordering: .relaxed) }

    /// The bytes of request bodies that are not complete yet.
    package var bodyBytes: Int { bodyByteCount.load(ordering: .relaxed) }

    func addConnection() -> Int { connectionCount.add(1, ordering: .relaxed).newValue }

    func removeConnection() { connectionCount.subtract(1, ordering: .relaxed) }

    package func addBodyBytes(_ bytes: Int) -> Int {
        bodyByteCount.add(bytes, ordering: .relaxed).newValue
    }

    func removeBodyBytes(_ bytes: Int) { bodyByteCount.subtract(bytes, ordering: .relaxed) }
}
