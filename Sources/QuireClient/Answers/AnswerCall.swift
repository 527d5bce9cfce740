package import NIOCore
package import QuireHTTP

/// One answer for a person: its text is given out as it comes, and it can be stopped.
///
/// Sendable by confinement to the connections' loop; `begin` and `stop` may be called from any
/// thread.
package final class AnswerCall: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let promise: EventLoopPromise<StreamedAnswer.Summary>
    private let onDelta: @Sendable (StreamedAnswer.Delta) -> Void
    private var answer: StreamedAnswer
    private var exchange: Exchange?

    /// What the answer was, or why there is none.
    package var result: EventLoopFuture<StreamedAnswer.Summary> { promise.futureResult }

    /// Sends the request.
    ///
    /// New text goes to `onDelta`, on the loop: it should not block for long.
    package static func begin(
        _ request: GenerationRequest,
        to target: GenerationTarget,
        on connections: ServerConnections,
        onDelta: @escaping @Sendable (StreamedAnswer.Delta) -> Void
    ) -> AnswerCall {
        let call = AnswerCall(target, connections.eventLoop, onDelta)
        let bytes = target.bytes(of: request)
        connections.eventLoop.execute {
            call.answer = StreamedAnswer(isChat: target.isChat, start: .now())
            call.exchange = connections.send(bytes, to: call)
        }
        return call
    }

    private init(
        _ target: GenerationTarget,
        _ eventLoop: any EventLoop,
        _ onDelta: @escaping @Sendable (StreamedAnswer.Delta) -> Void
    ) {
        self.eventLoop = eventLoop
        self.onDelta = onDelta
        promise = eventLoop.makePromise(of: StreamedAnswer.Summary.self)
        answer = StreamedAnswer(isChat: target.isChat, start: .uptimeNanoseconds(0))
    }

    /// Ends the answer where it is; the server sees its client leave.
    package func stop() {
        eventLoop.execute { self.exchange?.cancel() }
    }
}

extension AnswerCall: ResponseReceiver {
    package func receiveHead(_ head: HTTPResponseHead, at time: NIODeadline) {
        answer.receive(head)
    }

    package func receiveBody(_ bytes: ByteBuffer, at time: NIODeadline) {
        do throws(ClientError) {
            let delta = try answer.receive(bytes, at: time)
            if !delta.content.isEmpty || !delta.reasoning.isEmpty { onDelta(delta) }
        } catch {
            exchange?.cancel(error)
        }
    }

    package func receiveEnd(at time: NIODeadline) {
        exchange = nil
        promise.completeWith(answer.end(at: time).mapError { $0 })
    }

    package func receiveFailure(_ error: ClientError, at time: NIODeadline) {
        exchange = nil
        promise.fail(error)
    }
}
