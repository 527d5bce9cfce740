package import NIOCore
package import QuireHTTP
import QuireJSON

/// A short response collected whole: the list of models, a health check.
package struct WholeResponse: Sendable {
    package var status: Int
    package var body: [UInt8]

    /// Asks on the connections' loop; from any thread.
    ///
    /// The body is bounded to 16 MiB.
    package static func get(
        _ path: String,
        headers: [(name: String, value: String)] = [],
        on connections: ServerConnections,
        within time: TimeAmount = .seconds(10)
    ) -> EventLoopFuture<WholeResponse> {
        connections.eventLoop.flatSubmit {
            let promise = connections.eventLoop.makePromise(of: WholeResponse.self)
            let request = connections.address.request("GET", path, headers: headers)
            let exchange = connections.send(request, to: Collector(promise))
            let limit = connections.eventLoop.assumeIsolated().scheduleTask(in: time) {
                exchange.cancel(.timedOut("no answer from \(connections.address)\(path)"))
            }
            promise.futureResult.whenComplete { _ in limit.cancel() }
            return promise.futureResult
        }
    }

    /// The first name that `/v1/models` lists.
    package static func firstModel(
        headers: [(name: String, value: String)] = [],
        on connections: ServerConnections
    ) -> EventLoopFuture<String> {
        get("/v1/models", headers: headers, on: connections).flatMapThrowing { response in
            guard response.status == 200 else {
                let message = AnswerEvent.errorMessage(in: response.body) ?? ""
                throw ClientError.refused(status: response.status, message: message)
            }
            guard let list = try? JSON(parsing: response.body),
                let name = list["data"]?.array?.first?["id"]?.string
            else { throw ClientError.malformed("/v1/models lists no model") }
            return name
        }
    }

    private final class Collector: ResponseReceiver {
        private let promise: EventLoopPromise<WholeResponse>
        private var response = WholeResponse(status: 0, body: [])

        init(_ promise: EventLoopPromise<WholeResponse>) { self.promise = promise }

        func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) {
            response.status = head.status
        }

        func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
            let room = (16 << 20) - response.body.count
            response.body += bytes.readableBytesView.prefix(room)
        }

        func receiveEnd(at time: NIODeadline) { promise.succeed(response) }

        func receiveFailure(_ error: ClientError, at time: NIODeadline) { promise.fail(error) }
    }
}
