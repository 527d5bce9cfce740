import NIOCore
import NIOPosix
import QuireHTTP

/// Answers with a closure, on the connection's loop.
struct ClosureResponder: HTTPResponder {
    var admission: @Sendable (HTTPRequestHead) -> HTTPRefusal? = { _ in nil }
    let answer: @Sendable (HTTPRequest, HTTPStream) -> Void

    func admit(_ head: HTTPRequestHead) -> HTTPRefusal? { admission(head) }

    func respond(to request: HTTPRequest, on stream: HTTPStream) { answer(request, stream) }
}

/// Runs a server on a free port for the length of `body`, and shuts it down.
func withServer(
    _ change: (inout HTTPServerConfiguration) -> Void = { _ in },
    admission: @escaping @Sendable (HTTPRequestHead) -> HTTPRefusal? = { _ in nil },
    answer: @escaping @Sendable (HTTPRequest, HTTPStream) -> Void,
    _ body: (HTTPServer, Int) throws -> Void
) throws {
    var configuration = HTTPServerConfiguration()
    // Small, so that what depends on it does not make tests wait.
    configuration.tick = .milliseconds(5)
    change(&configuration)
    let server = try HTTPServer.start(
        on: .host("127.0.0.1", port: 0),
        group: MultiThreadedEventLoopGroup.singleton,
        configuration: configuration,
        responder: ClosureResponder(admission: admission, answer: answer)
    ).wait()
    do {
        try body(server, server.port ?? 0)
    } catch {
        try server.shutdown(within: .zero).wait()
        throw error
    }
    try server.shutdown(within: .zero).wait()
}

/// Something that a loop tells a test, once; waiting for it is bounded.
final class Signal<Value: Sendable>: Sendable {
    private let promise: EventLoopPromise<Value>

    init() {
        promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Value.self)
        let promise = promise
        // So that a signal that never comes fails the test, and that no promise is dropped.
        promise.futureResult.eventLoop.scheduleTask(in: .seconds(10)) {
            promise.fail(NeverCame())
        }
    }

    func send(_ value: Value) { promise.succeed(value) }

    func wait() throws -> Value { try promise.futureResult.wait() }

    struct NeverCame: Error {}
}

/// Calls `body` on the loop again and again until it is true; bounded by the signal it sends.
func poll(_ eventLoop: any EventLoop, _ body: @escaping @Sendable () -> Bool) throws {
    let done = Signal<Void>()
    let task = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) {
        task in
        guard body() else { return }
        task.cancel()
        done.send(())
    }
    defer { task.cancel() }
    try done.wait()
}
