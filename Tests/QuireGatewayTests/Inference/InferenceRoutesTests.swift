import NIOCore
import NIOPosix
import QuireGateway
import QuireHTTP
import QuireJSON
import QuireOpenAI
import QuireTestSupport
import Synchronization
import Testing

@Suite struct InferenceRoutesTests {
    /// Answers by the message: what is sent is `script(message)`.
    private final class ScriptedDispatcher: ChatDispatcher {
        enum Act: Sendable {
            case text(String)
            case end
            case failure(GatewayRefusal)
        }

        final class Call: ChatCall {
            var isReading = true
            var isOver = false
            let abandoned: () -> Void

            init(_ abandoned: @escaping () -> Void) { self.abandoned = abandoned }

            func abandon() {
                guard !isOver else { return }
                isOver = true
                abandoned()
            }
        }

        private struct State {
            var running = 0
            var mostRunning = 0
            var bodies: [String] = []
            var abandoned = 0
        }

        private let script: @Sendable (String) -> [Act]
        private let isLate: Bool
        private let state = Mutex(State())

        init(isLate: Bool, _ script: @escaping @Sendable (String) -> [Act]) {
            self.isLate = isLate
            self.script = script
        }

        var mostRunning: Int { state.withLock { $0.mostRunning } }
        var bodies: [String] { state.withLock { $0.bodies } }
        var abandoned: Int { state.withLock { $0.abandoned } }

        func dispatch(
            _ dispatch: ChatDispatch,
            on eventLoop: any EventLoop,
            to receiver: any ChatAnswerReceiver
        ) -> any ChatCall {
            let text = String(buffer: dispatch.body)
            let message =
                (try? JSON(parsing: text))?["messages"]?.array?.first?["content"]?.string ?? ""
            state.withLock { state in
                state.bodies.append(text)
                state.running += 1
                state.mostRunning = max(state.mostRunning, state.running)
            }
            let call = Call {
                self.state.withLock { state in
                    state.running -= 1
                    state.abandoned += 1
                }
            }
            let acts = script(message)
            if isLate {
                let bound = NIOLoopBound((call, receiver), eventLoop: eventLoop)
                eventLoop.execute { self.play(acts, bound.value.0, bound.value.1) }
            } else {
                play(acts, call, receiver)
            }
            return call
        }

        private func play(_ acts: [Act], _ call: Call, _ receiver: any ChatAnswerReceiver) {
            for act in acts where !call.isOver {
                switch act {
                case .text(let text):
                    receiver.receiveText(ByteBuffer(string: text))
                    receiver.receivePause()
                case .end:
                    call.isOver = true
                    state.withLock { $0.running -= 1 }
                    receiver.receiveEnd()
                case .failure(let refusal):
                    call.isOver = true
                    state.withLock { $0.running -= 1 }
                    receiver.receiveFailure(refusal)
                }
            }
        }
    }

    private struct Responder: HTTPResponder {
        let routes: InferenceRoutes

        func respond(to request: HTTPRequest, on stream: HTTPStream) {
            switch request.head.path {
            case "/inference": routes.respond(.single, to: request, on: stream)
            case "/inference/stream": routes.respond(.stream, to: request, on: stream)
            default: routes.respond(.batch, to: request, on: stream)
            }
        }
    }

    private func withRoutes(
        _ configuration: InferenceConfiguration = InferenceConfiguration(),
        isLate: Bool = true,
        script: @escaping @Sendable (String) -> [ScriptedDispatcher.Act],
        _ body: (HTTPTestClient, ScriptedDispatcher) throws -> Void
    ) throws {
        let dispatcher = ScriptedDispatcher(isLate: isLate, script)
        let server = try HTTPServer.start(
            on: .host("127.0.0.1", port: 0),
            group: MultiThreadedEventLoopGroup.singleton,
            responder: Responder(
                routes: InferenceRoutes(dispatcher, configuration: configuration)
            )
        ).wait()
        let result = Result {
            let client = try HTTPTestClient(port: server.port ?? 0)
            defer { client.close() }
            try body(client, dispatcher)
        }
        try server.shutdown(within: .zero).wait()
        try result.get()
    }

    private func post(
        _ client: HTTPTestClient,
        _ path: String,
        _ body: String,
        accept: String = "*/*"
    ) throws -> HTTPTestResponse {
        try client.request("POST", path, headers: [("Accept", accept)], body: Array(body.utf8))
    }

    private static let busy = GatewayRefusal.unavailable("All are busy.", retryAfterSeconds: 7)

    @Test(arguments: [false, true])
    func aMessageGivesAResult(isLate: Bool) throws {
        try withRoutes(isLate: isLate, script: { [.text("<\($0)"), .text(">\n"), .end] }) {
            client,
            dispatcher in
            let response = try post(client, "/inference", #"{"message":"say \"你\"","x":[1]}"#)
            #expect(response.status == 200)
            #expect(try response.json()["result"]?.string == "<say \"你\">\n")
            let body = #"{"messages":[{"role":"user","content":"say \"你\""}]}"#
            #expect(dispatcher.bodies == [body])
        }
    }

    @Test func theModelIsTheClientsOrTheConfigured() throws {
        var configuration = InferenceConfiguration()
        configuration.model = "default"
        try withRoutes(configuration, script: { _ in [.end] }) { client, dispatcher in
            _ = try post(client, "/inference", #"{"message":"a"}"#)
            _ = try post(client, "/inference/stream", #"{"model":"own","message":"a"}"#)
            #expect(
                try dispatcher.bodies.map { try JSON(parsing: $0)["model"]?.string } == [
                    "default", "own",
                ]
            )
            #expect(
                try dispatcher.bodies.map { try JSON(parsing: $0)["stream"]?.bool } == [nil, true]
            )
        }
    }

    @Test func aFailureIsItsStatusWithRetryAfter() throws {
        try withRoutes(script: { _ in [.failure(Self.busy)] }) { client, _ in
            for path in ["/inference", "/inference/stream"] {
                let response = try post(client, path, #"{"message":"a"}"#)
                #expect(response.status == 503)
                #expect(response["retry-after"] == "7")
                #expect(try response.json()["error"]?["message"]?.string == "All are busy.")
            }
        }
    }

    @Test func tooLongAnAnswerIsAFailureAndItsCallIsGivenUp() throws {
        var configuration = InferenceConfiguration()
        configuration.answerBytesMax = 10
        try withRoutes(
            configuration,
            script: { _ in [.text("0123456789"), .text("x"), .end] }
        ) { client, dispatcher in
            let response = try post(client, "/inference", #"{"message":"a"}"#)
            #expect(response.status == 502)
            #expect(dispatcher.abandoned == 1)
        }
    }

    @Test(arguments: [false, true])
    func aStreamIsTextInEventsAndEndsWithDone(isLate: Bool) throws {
        try withRoutes(
            isLate: isLate,
            script: { _ in [.text("Hel"), .text(""), .text("lo\n w"), .end] }
        ) { client, _ in
            let response = try post(client, "/inference/stream", #"{"message":"a"}"#)
            #expect(response["content-type"] == "text/event-stream; charset=utf-8")
            #expect(
                response.text
                    == "data: Hel\n\ndata: lo\ndata:  w\n\nevent: done\ndata: [DONE]\n\n"
            )
        }
    }

    @Test func aStreamThatBreaksOffSaysSoAndIsNotDone() throws {
        try withRoutes(script: { _ in [.text("a"), .failure(Self.busy)] }) { client, _ in
            let text = try post(client, "/inference/stream", #"{"message":"a"}"#).text
            #expect(text.hasPrefix("data: a\n\nevent: error\ndata: {\"error\":"))
            #expect(text.hasSuffix("}\n\n"))
            #expect(!text.contains("done"))
        }
    }

    @Test func anEmptyAnswerIsDoneAtOnce() throws {
        try withRoutes(script: { _ in [.end] }) { client, _ in
            let response = try post(client, "/inference/stream", #"{"message":""}"#)
            #expect(response.text == "event: done\ndata: [DONE]\n\n")
        }
    }

    @Test(arguments: [false, true])
    func aBatchIsAnArrayInOrderWithFailuresAsEntries(isLate: Bool) throws {
        try withRoutes(
            isLate: isLate,
            script: { $0 == "1" ? [.failure(Self.busy)] : [.text("r\($0)"), .end] }
        ) { client, dispatcher in
            let messages = (0..<30).map { "\"\($0)\"" }.joined(separator: ",")
            let response = try post(client, "/inference/batch", "{\"messages\":[\(messages)]}")
            let entries = try #require(try response.json().array)
            #expect(entries.map { $0["index"]?.int } == (0..<30).map { $0 })
            #expect(entries[1]["error"]?.string == "All are busy.")
            #expect(entries[1]["status"]?.int == 503)
            #expect(entries[29]["result"]?.string == "r29")
            #expect(entries.count { $0["result"] != nil } == 29)
            #expect(dispatcher.mostRunning <= 8)
            #expect(!isLate || dispatcher.mostRunning == 8)
        }
    }

    @Test func aBatchAsLinesHasEveryResultOnce() throws {
        try withRoutes(script: { [.text("r\($0)\n"), .end] }) { client, _ in
            let messages = (0..<20).map { "\"\($0)\"" }.joined(separator: ",")
            let response = try post(
                client,
                "/inference/batch",
                "{\"messages\":[\(messages)]}",
                accept: "application/x-ndjson"
            )
            #expect(response["content-type"] == "application/x-ndjson")
            let lines = response.text.split(separator: "\n")
            let entries = try lines.map { try JSON(parsing: String($0)) }
            #expect(entries.compactMap { $0["index"]?.int }.sorted() == Array(0..<20))
            for entry in entries {
                #expect(entry["result"]?.string == "r\(entry["index"]?.int ?? -1)\n")
            }
        }
    }

    @Test func anEmptyBatchIsAnEmptyArray() throws {
        try withRoutes(script: { _ in [.end] }) { client, _ in
            let response = try post(client, "/inference/batch", #"{"messages":[]}"#)
            #expect(response.text == "[]")
        }
    }

    @Test(
        arguments: [
            ("/inference", "", "not valid JSON"),
            ("/inference", "[]", "must be a JSON object"),
            ("/inference", "{}", "message is missing"),
            ("/inference", #"{"message":3}"#, "message must be a string"),
            ("/inference", #"{"message":null}"#, "message must be a string"),
            ("/inference", #"{"message":"a"}x"#, "not valid JSON"),
            ("/inference", #"{"message":"a""#, "not valid JSON"),
            ("/inference/stream", #"{"messages":["a"]}"#, "message is missing"),
            ("/inference/batch", #"{"message":"a"}"#, "messages is missing"),
            ("/inference/batch", #"{"messages":"a"}"#, "must be a list of strings"),
            ("/inference/batch", #"{"messages":["a",1]}"#, "messages[1] must be a string"),
            ("/inference/batch", #"{"messages":["a","b","c","d"]}"#, "at most 3"),
        ]
    )
    func aBadBodyIsRefusedInASentence(path: String, body: String, sentence: String) throws {
        var configuration = InferenceConfiguration()
        configuration.batchCountMax = 3
        try withRoutes(configuration, script: { _ in [.end] }) { client, dispatcher in
            let response = try post(client, path, body)
            #expect(response.status == 400)
            let message = try response.json()["error"]?["message"]?.string ?? ""
            #expect(message.contains(sentence), "\(message)")
            #expect(dispatcher.bodies.isEmpty)
        }
    }
}

@Suite struct TextEventsTests {
    private func frame(_ pieces: [String]) -> String {
        var events = TextEvents()
        var buffer = ByteBuffer()
        for piece in pieces { events.write(ByteBuffer(string: piece), into: &buffer) }
        return String(buffer: buffer)
    }

    /// What a reader of events makes of it (the standard's rules), pieces joined.
    private func read(_ text: String) -> String {
        var result: [UInt8] = []
        var lines: [[UInt8]] = []
        for line in Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false) {
            if line.isEmpty {
                result += lines.joined(separator: [0x0A])
                lines = []
            } else {
                lines.append(Array(line.dropFirst(6)))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    @Test(
        arguments: [
            (["a"], "data: a\n\n"),
            ([" a "], "data:  a \n\n"),
            (["\n"], "data: \ndata: \n\n"),
            (["a\n\nb"], "data: a\ndata: \ndata: b\n\n"),
            (["a\r\nb\rc"], "data: a\ndata: b\ndata: c\n\n"),
            (["a\r", "\nb"], "data: a\ndata: \n\ndata: b\n\n"),
            (["a\r", "\n", "\n"], "data: a\ndata: \n\ndata: \ndata: \n\n"),
            (["", "x", ""], "data: x\n\n"),
            (["data: y"], "data: data: y\n\n"),
        ]
    )
    func linesAreFramed(pieces: [String], expected: String) {
        #expect(frame(pieces) == expected)
    }

    @Test func whateverTheCutsAReaderHasTheText() {
        var generator = SplitMix64(seed: 5)
        for round in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                Array("ab \r\n:".utf8).randomElement(using: &generator) ?? 0x61
            }
            var pieces: [String] = []
            var start = 0
            while start < bytes.count {
                let end = Int.random(in: start + 1...bytes.count, using: &generator)
                pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
                start = end
            }
            var expected: [UInt8] = []
            for (index, byte) in bytes.enumerated() {
                if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
                expected.append(byte == 0x0D ? 0x0A : byte)
            }
            #expect(
                read(frame(pieces)) == String(decoding: expected, as: UTF8.self),
                "round \(round): \(pieces)"
            )
        }
    }
}
