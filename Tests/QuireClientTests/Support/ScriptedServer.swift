import NIOCore
import NIOPosix
import QuireClient
import QuireHTTP

/// Answers with a closure, on the connection's loop.
struct ScriptedResponder: HTTPResponder {
    let answer: @Sendable (HTTPRequest, HTTPStream) -> Void

    func respond(to request: HTTPRequest, on stream: HTTPStream) { answer(request, stream) }
}

/// Runs a server on a free port for the length of `body`, which gets its address.
func withServer<Result>(
    answer: @escaping @Sendable (HTTPRequest, HTTPStream) -> Void,
    _ body: (ServerAddress) throws -> Result
) throws -> Result {
    let server = try HTTPServer.start(
        on: .host("127.0.0.1", port: 0),
        group: MultiThreadedEventLoopGroup.singleton,
        responder: ScriptedResponder(answer: answer)
    ).wait()
    let result = Swift.Result { try body(ServerAddress(host: "127.0.0.1", port: server.port ?? 0)) }
    try server.shutdown(within: .zero).wait()
    return try result.get()
}

extension HTTPStream {
    /// Begins a stream of events.
    func beginEvents() {
        writeHead(status: 200, headers: [("content-type", "text/event-stream; charset=utf-8")])
    }

    /// Writes one event and sends it.
    func sendEvent(_ data: String) {
        writeChunk { $0.writeString("data: \(data)\n\n") }
        flush()
    }

    /// A whole completion of so many tokens.
    func sendCompletion(tokens: Int, promptTokens: Int) {
        beginEvents()
        for index in 0..<tokens {
            let reason = index == tokens - 1 ? "\"length\"" : "null"
            sendEvent(#"{"choices": [{"index": 0, "text": "a", "finish_reason": \#(reason)}]}"#)
        }
        sendEvent(
            #"{"choices": [], "usage": {"prompt_tokens": \#(promptTokens), "completion_tokens": \#(tokens)}}"#
        )
        sendEvent("[DONE]")
        end()
    }
}

/// Runs a load against an address on a loop of the shared group.
func runLoad(
    _ address: ServerAddress,
    _ requests: [GenerationRequest],
    path: String = "/v1/completions",
    arrivals: [Double]? = nil,
    limits: (inout LoadGenerator.Limits) -> Void = { _ in }
) throws -> LoadGenerator.Run {
    var chosen = LoadGenerator.Limits()
    chosen.requestTime = .seconds(10)
    chosen.wholeTime = .seconds(15)
    limits(&chosen)
    return try LoadGenerator(
        target: GenerationTarget(address: address, path: path, model: "m"),
        requests: requests,
        arrivals: arrivals ?? [Double](repeating: 0, count: requests.count),
        limits: chosen,
        eventLoop: MultiThreadedEventLoopGroup.singleton.next()
    ).run().wait()
}
