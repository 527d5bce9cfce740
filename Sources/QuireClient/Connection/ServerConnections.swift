package import NIOCore
import NIOPosix

/// The connections to one server, kept between requests, on one event loop.
///
/// Confined to that loop. There are as many connections as requests under way at the most; the
/// caller bounds those. The one that was used last is used next.
package final class ServerConnections: @unchecked Sendable {
    // Sendable by confinement: every entry point checks that it runs on `eventLoop`.
    package let address: ServerAddress
    package let eventLoop: any EventLoop
    private let connectTimeout: TimeAmount
    private var free: [ClientConnection] = []

    package init(
        address: ServerAddress,
        eventLoop: any EventLoop,
        connectTimeout: TimeAmount = .seconds(10)
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.connectTimeout = connectTimeout
    }

    /// Sends a whole request; its response goes to the receiver.
    package func send(_ request: ByteBuffer, to receiver: any ResponseReceiver) -> Exchange {
        eventLoop.preconditionInEventLoop()
        let exchange = Exchange(request: request, receiver: receiver)
        if let connection = free.popLast() {
            connection.begin(exchange)
        } else {
            dial(exchange)
        }
        return exchange
    }

    /// Closes the connections that nothing is under way on.
    package func closeFree() {
        eventLoop.preconditionInEventLoop()
        let closing = free
        free = []
        for connection in closing { connection.close() }
    }

    /// Sends on a new connection.
    func dial(_ exchange: Exchange) {
        let connection = ClientConnection(pool: self, first: exchange)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(host: address.host, port: address.port)
            .assumeIsolated()
            .whenFailure { [address] error in
                exchange.fail(.cannotConnect("\(address): \(Self.reason(error))"))
            }
    }

    func keep(_ connection: ClientConnection) { free.append(connection) }

    func forget(_ connection: ClientConnection) { free.removeAll { $0 === connection } }

    /// The system's word for the failure, without the types around it.
    private static func reason(_ error: any Error) -> String {
        if let failures = error as? NIOConnectionError {
            if let first = failures.connectionErrors.first { return reason(first.error) }
            if let lookup = failures.dnsAError ?? failures.dnsAAAAError { return "\(lookup)" }
        }
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: return "connection refused"
        case let error as IOError: return error.description
        case ChannelError.connectTimeout: return "no answer in time"
        default: return "\(error)"
        }
    }
}
