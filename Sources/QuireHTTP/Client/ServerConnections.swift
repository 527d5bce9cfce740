package import NIOCore
import NIOPosix

/// The connections to one server, kept between requests, on one event loop.
///
/// Confined to that loop. There are as many connections as requests under way at the most; the
/// caller bounds those. The one that was used last is used next, so that the others age and close.
package final class ServerConnections: @unchecked Sendable {
    // Sendable by confinement: every entry point checks that it runs on `eventLoop`.
    package let address: ServerAddress
    package let eventLoop: any EventLoop
    package let limits: Limits
    private var free: [ClientConnection] = []
    private var isSweeping = false

    /// What is kept, and how long.
    package struct Limits: Sendable, Hashable {
        /// From the first packet to an open connection.
        package var connectTimeout = TimeAmount.seconds(10)
        /// A free connection is closed after so long; nil keeps it until the server closes it.
        ///
        /// Below the five seconds after which uvicorn, and so vLLM, closes its own side: the race
        /// between that and the next request is not run.
        package var idleTimeout: TimeAmount?
        /// Free connections that are kept; one more is closed.
        package var maxFree = 256

        package init() {}
    }

    package init(
        address: ServerAddress,
        eventLoop: any EventLoop,
        limits: Limits = Limits()
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.limits = limits
    }

    /// Sends a whole request; its response goes to the receiver.
    package func send(_ request: ByteBuffer, to receiver: any ResponseReceiver) -> Exchange {
        send(head: request, body: ByteBuffer(), to: receiver)
    }

    /// Sends a request whose body is a buffer of its own.
    package func send(
        head: consuming ByteBuffer,
        body: ByteBuffer,
        isHead: Bool = false,
        to receiver: any ResponseReceiver
    ) -> Exchange {
        eventLoop.preconditionInEventLoop()
        let exchange = Exchange(head: head, body: body, isHead: isHead, receiver: receiver)
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
            .connectTimeout(limits.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(host: address.host, port: address.port)
            .assumeIsolated()
            .whenFailure { [address] error in
                let reason = "\(address): \(Self.reason(error))"
                // The first try was sent: whether it was read is not known.
                exchange.fail(
                    exchange.isSecondTry
                        ? .connectionLost(reason, inResponse: false) : .cannotConnect(reason)
                )
            }
    }

    func keep(_ connection: ClientConnection) {
        guard free.count < limits.maxFree else { return connection.close() }
        free.append(connection)
        if limits.idleTimeout != nil, !isSweeping { scheduleSweep() }
    }

    func forget(_ connection: ClientConnection) { free.removeAll { $0 === connection } }

    private func scheduleSweep() {
        isSweeping = true
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { self.sweep() }
    }

    /// Closes what has been free for too long; the oldest stand first.
    private func sweep() {
        isSweeping = false
        guard let idleTimeout = limits.idleTimeout else { return }
        let now = NIODeadline.now()
        let aged = free.prefix { $0.freeSince + idleTimeout <= now }
        for connection in Array(aged) { connection.close() }
        if !free.isEmpty { scheduleSweep() }
    }

    /// The system's word for the failure, without the types around it.
    static func reason(_ error: any Error) -> String {
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
