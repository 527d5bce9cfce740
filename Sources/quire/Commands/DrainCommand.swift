import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import QuireClient
import QuireHTTP

/// `quire drain http://ADMIN/NAME`: takes an instance out of a running gateway, and back.
struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Takes an upstream of a running gateway out, without cutting what runs."
    )

    @Argument(help: "The gateway's admin address and the upstream's name: http://HOST:PORT/NAME.")
    var target: String

    @Flag(help: "Takes it back.")
    var undo = false

    @Option(help: "The admin's token (default: QUIRE_ADMIN_TOKEN).")
    var token: String?

    func run() throws {
        do {
            try ask()
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    private func ask() throws {
        let address = try ServerAddress(parsing: target)
        let name = address.prefix.drop { $0 == "/" }
        guard !name.isEmpty else {
            throw StartError("name the upstream too: quire drain http://HOST:PORT/NAME")
        }
        guard let token = token ?? Environment.all["QUIRE_ADMIN_TOKEN"], !token.isEmpty else {
            throw StartError("give the admin's token: --token, or QUIRE_ADMIN_TOKEN")
        }
        let action = undo ? "undrain" : "drain"
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = ServerConnections(
            address: ServerAddress(host: address.host, port: address.port),
            eventLoop: group.next()
        )
        let (status, body) = try AdminCall.post(
            "/admin/upstreams/\(name)/\(action)",
            token: token,
            on: connections
        ).wait()
        guard status == 200 else {
            throw ClientError.refused(
                status: status,
                message: AnswerEvent.errorMessage(in: body) ?? ""
            )
        }
        print("\(name): \(undo ? "takes requests again" : "takes no new requests")")
    }
}

/// One request to an admin listener, and its answer collected whole.
private final class AdminCall: ResponseReceiver {
    private let promise: EventLoopPromise<(status: Int, body: [UInt8])>
    private var status = 0
    private var body: [UInt8] = []

    private init(_ promise: EventLoopPromise<(status: Int, body: [UInt8])>) {
        self.promise = promise
    }

    static func post(
        _ path: String,
        token: String,
        on connections: ServerConnections
    ) -> EventLoopFuture<(status: Int, body: [UInt8])> {
        connections.eventLoop.flatSubmit {
            let promise = connections.eventLoop.makePromise(of: (status: Int, body: [UInt8]).self)
            let request = connections.address.request(
                "POST",
                path,
                headers: [("authorization", "Bearer \(token)")],
                body: ByteBuffer()
            )
            let exchange = connections.send(request, to: AdminCall(promise))
            let limit = connections.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) {
                exchange.cancel(.timedOut("no answer from \(connections.address)"))
            }
            promise.futureResult.whenComplete { _ in limit.cancel() }
            return promise.futureResult
        }
    }

    func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) { status = head.status }

    func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
        body += bytes.readableBytesView.prefix((1 << 20) - body.count)
    }

    func receiveEnd(at time: NIODeadline) { promise.succeed((status, body)) }

    func receiveFailure(_ error: ClientError, at time: NIODeadline) { promise.fail(error) }
}
