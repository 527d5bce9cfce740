import Glibc
package import NIOCore
import NIOPosix

/// Where a server listens.
package enum HTTPServerAddress: Sendable {
    /// A host name or address; port 0 takes a free one.
    case host(String, port: Int)
    /// A path of a Unix domain socket; a socket that is left there is replaced.
    case unixSocket(path: String)
}

/// A listening socket and the connections that came from it.
///
/// Sendable: made and shut down from any thread; everything else happens on the group's loops.
package final class HTTPServer: Sendable {
    private let channel: any Channel
    private let loops: [HTTPLoop]
    private let counts: HTTPServerCounts
    private let reusesPort: Bool

    private init(
        channel: any Channel,
        loops: [HTTPLoop],
        counts: HTTPServerCounts,
        reusesPort: Bool
    ) {
        self.channel = channel
        self.loops = loops
        self.counts = counts
        self.reusesPort = reusesPort
    }

    /// Binds the address and begins to accept.
    package static func start(
        on address: HTTPServerAddress,
        group: any EventLoopGroup,
        configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        responder: any HTTPResponder
    ) -> EventLoopFuture<HTTPServer> {
        let counts = HTTPServerCounts()
        let loops = group.makeIterator().map { eventLoop in
            HTTPLoop(
                eventLoop: eventLoop,
                configuration: configuration,
                counts: counts,
                responder: responder
            )
        }
        let byEventLoop = Dictionary(
            loops.map { (ObjectIdentifier($0.eventLoop), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let highMark = max(configuration.maxWriteBufferBytes, 2)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: highMark / 4, high: highMark)
            )
            .childChannelInitializer { channel in
                guard let loop = byEventLoop[ObjectIdentifier(channel.eventLoop)] else {
                    return channel.close()
                }
                return channel.eventLoop.makeCompletedFuture { try loop.serve(channel) }
            }
        let bound: EventLoopFuture<any Channel>
        switch address {
        case .host(let host, let port):
            var bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            if configuration.reusesPort {
                let option = NIOBSDSocket.Option(rawValue: SO_REUSEPORT)
                bootstrap = bootstrap.serverChannelOption(.socketOption(option), value: 1)
            }
            bound = bootstrap.bind(host: host, port: port)
        case .unixSocket(let path):
            bound = bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
        }
        return bound.map {
            HTTPServer(
                channel: $0,
                loops: loops,
                counts: counts,
                reusesPort: configuration.reusesPort
            )
        }
    }

    /// The port that is listened on; nil for a Unix domain socket.
    package var port: Int? { channel.localAddress?.port }

    /// Connections that are open now.
    package var connectionCount: Int { counts.connections }

    /// The bytes of request bodies that are not complete yet.
    package var incompleteBodyBytes: Int { counts.bodyBytes }

    /// Begins to leave, and still accepts and serves.
    ///
    /// Streams say `isDraining`, so that readiness can, and every answer closes its connection, so
    /// that kept ones end before `shutdown` has to cut them. The future completes when every loop
    /// does so.
    ///
    /// Where the port is shared, a newer server on it is given the new connections from now on:
    /// what waits in the accept queue of a listener is reset when that closes, so it should be empty.
    @discardableResult
    package func beginDrain() -> EventLoopFuture<Void> {
        if reusesPort { PortSharing.preferNewest(of: channel) }
        return EventLoopFuture.andAllSucceed(
            loops.map { loop in loop.eventLoop.submit { loop.beginDrain() } },
            on: channel.eventLoop
        )
    }

    /// Stops accepting, lets running requests finish, and cuts those that have not in time.
    ///
    /// The future completes when the last connection is closed.
    package func shutdown(within time: TimeAmount) -> EventLoopFuture<Void> {
        let loops = loops
        let eventLoop = channel.eventLoop
        return channel.close().flatMapError { _ in
            // Closed before: draining is all that is left.
            eventLoop.makeSucceededVoidFuture()
        }.flatMap {
            EventLoopFuture.andAllSucceed(
                loops.map { loop in loop.eventLoop.flatSubmit { loop.drain(within: time) } },
                on: eventLoop
            )
        }
    }
}
