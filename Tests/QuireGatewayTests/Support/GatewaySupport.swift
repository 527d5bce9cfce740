import NIOCore
import NIOPosix
import QuireGateway
import QuireHTTP
import QuireTestSupport
import Testing

/// An upstream that answers with a closure, on its connection's loop.
struct ScriptedUpstream: HTTPResponder {
    let answer: @Sendable (HTTPRequest, HTTPStream) -> Void

    func respond(to request: HTTPRequest, on stream: HTTPStream) { answer(request, stream) }
}

typealias Script = @Sendable (HTTPRequest, HTTPStream) -> Void

/// Runs upstreams and a gateway before them on free ports for the length of `body`, which gets
/// the gateway's port.
///
/// A script of nil is an upstream that nobody listens for.
func withGateway(
    _ scripts: [Script?],
    change: (inout GatewayConfiguration) -> Void = { _ in },
    _ body: (_ port: Int, _ core: GatewayCore) throws -> Void
) throws {
    let group = MultiThreadedEventLoopGroup.singleton
    var servers: [HTTPServer] = []
    defer { for server in servers { try? server.shutdown(within: .zero).wait() } }
    var upstreams: [UpstreamConfiguration] = []
    for (index, script) in scripts.enumerated() {
        let server = try HTTPServer.start(
            on: .host("127.0.0.1", port: 0),
            group: group,
            responder: ScriptedUpstream(answer: script ?? { _, stream in stream.abort() })
        ).wait()
        let port = server.port ?? 0
        if script == nil {
            try server.shutdown(within: .zero).wait()
        } else {
            servers.append(server)
        }
        upstreams.append(
            UpstreamConfiguration(
                name: "u\(index)",
                endpoint: UpstreamEndpoint(host: "127.0.0.1", port: port)
            )
        )
    }
    var configuration = GatewayConfiguration(fleet: FleetConfiguration(upstreams: upstreams))
    change(&configuration)
    let core = GatewayCore(configuration, seed: 1)
    let gateway = Gateway(core, loops: group.makeIterator().map { $0 })
    let listener = try HTTPServer.start(
        on: .host("127.0.0.1", port: 0),
        group: group,
        responder: gateway
    ).wait()
    servers.append(listener)
    try body(listener.port ?? 0, core)
}

/// Something that a loop tells a test, once; waiting for it is bounded.
final class Signal<Value: Sendable>: Sendable {
    private let promise: EventLoopPromise<Value>

    init() {
        promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Value.self)
        let promise = promise
        promise.futureResult.eventLoop.scheduleTask(in: .seconds(10)) { promise.fail(NeverCame()) }
    }

    func send(_ value: Value) { promise.succeed(value) }

    func whenSent(_ body: @escaping @Sendable () -> Void) {
        promise.futureResult.whenSuccess { _ in body() }
    }

    func wait() throws -> Value { try promise.futureResult.wait() }

    struct NeverCame: Error {}
}

extension HTTPStream {
    func respondJSON(_ text: String, status: Int = 200) {
        respond(
            status: status,
            headers: [("content-type", "application/json")],
            body: ByteBuffer(string: text)
        )
    }

    func beginEvents() {
        writeHead(status: 200, headers: [("content-type", "text/event-stream; charset=utf-8")])
    }

    /// Closes the connection when what was written has left.
    func abortLater() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { bound.value.abort() }
    }

    func sendEvent(_ data: String) {
        writeChunk { $0.writeString("data: \(data)\n\n") }
        flush()
    }
}

extension HTTPTestClient {
    /// Reads chunks until they hold those events and nothing else.
    func expectEvents(_ events: [String]) throws {
        let expected = events.map { "data: \($0)\n\n" }.joined()
        var text: [UInt8] = []
        while text.count < expected.utf8.count, let chunk = try readChunk() { text += chunk }
        let seen = String(decoding: text, as: UTF8.self)
        #expect(seen == expected)
    }

    /// Reads a chunk, which must be that; nil is the end.
    func expectChunk(_ expected: [UInt8]?) throws {
        let chunk = try readChunk()
        #expect(chunk == expected)
    }

    /// Asks for a chat completion.
    func chat(
        _ body: String = #"{"model": "m", "messages": [{"role": "user", "content": "hi"}]}"#,
        path: String = "/v1/chat/completions",
        headers: [(String, String)] = []
    ) throws -> HTTPTestResponse {
        try request(
            "POST",
            path,
            headers: [("Content-Type", "application/json")] + headers,
            body: Array(body.utf8)
        )
    }
}
