import NIOCore
import QuireGateway
import QuireHTTP
import QuireTestSupport
import Synchronization
import Testing

@Suite struct PassThroughTests {
    @Test func aWholeAnswerComesThroughUnchanged() throws {
        let body = #"{"id": "x", "choices": [], "odd":   [1,2]}"#
        try withGateway([{ _, stream in stream.respondJSON(body) }]) { port, _ in
            let response = try HTTPTestClient(port: port).chat()
            #expect(response.status == 200)
            #expect(response.body == Array(body.utf8))
            #expect(response["content-type"] == "application/json")
        }
    }

    @Test func theRequestGoesUpRebuilt() throws {
        let seen = Signal<[String: String]>()
        let script: Script = { request, stream in
            var fields = ["": request.head.target, "method": request.head.methodName]
            for index in 0..<request.head.fields.count {
                fields[request.head.fields.name(at: index).lowercased()] =
                    request.head.fields.value(at: index)
            }
            fields["body"] = String(buffer: request.body)
            seen.send(fields)
            stream.respondJSON("{}")
        }
        try withGateway([script]) { port, _ in
            _ = try HTTPTestClient(port: port).chat(
                #"{"model":"m","prompt":"x"}"#,
                headers: [
                    ("Connection", "keep-alive, X-Secret-Hop"), ("X-Secret-Hop", "1"),
                    ("Upgrade", "h2c"), ("Proxy-Authorization", "p"), ("X-Kept", "yes"),
                    ("X-Request-Id", "abc-1"),
                    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                ]
            )
            let fields = try seen.wait()
            #expect(fields[""] == "/v1/chat/completions")
            #expect(fields["method"] == "POST")
            #expect(fields["body"] == #"{"model":"m","prompt":"x"}"#)
            #expect(fields["x-kept"] == "yes")
            #expect(fields["x-request-id"] == "abc-1")
            #expect(fields["host"]?.hasPrefix("127.0.0.1:") == true)
            for dropped in ["upgrade", "proxy-authorization", "x-secret-hop", "connection"] {
                #expect(fields[dropped] == nil, "\(dropped)")
            }
            let trace = fields["traceparent"] ?? ""
            #expect(trace.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
            #expect(!trace.contains("b7ad6b7169203331"))
        }
    }

    @Test(arguments: [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/v1/models?a=b", "/v1/models?a=b"),
        ("/tokenize", "/tokenize"), ("/v12/x", "/v12/x"),
    ])
    func baseURLsWithAndWithoutVersionReachTheSameRoute(asked: String, sent: String) throws {
        let seen = Signal<String>()
        let script: Script = { request, stream in
            seen.send(request.head.target)
            stream.respondJSON("{}")
        }
        try withGateway([script]) { port, _ in
            _ = try HTTPTestClient(port: port).chat(path: asked)
            let target = try seen.wait()
            #expect(target == sent)
        }
    }

    private let pieces = [
        #"{"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"one"}}]}"#,
        #"{"id":"a","choices":[{"index":0,"delta":{"content":"two"},"finish_reason":"stop"}]}"#,
    ]

    @Test func streamedPiecesComeOneByOne() throws {
        let next = Signal<Void>()
        let pieces = pieces
        let script: Script = { _, stream in
            stream.beginEvents()
            stream.sendEvent(pieces[0])
            let bound = NIOLoopBound(stream, eventLoop: stream.eventLoop)
            // The second piece only when the first has arrived.
            next.whenSent {
                bound.eventLoop.execute {
                    bound.value.sendEvent(pieces[1])
                    bound.value.sendEvent("[DONE]")
                    bound.value.end()
                }
            }
        }
        try withGateway([script]) { port, _ in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest(
                "POST",
                "/v1/chat/completions",
                body: Array(#"{"model": "m", "stream": true, "messages": []}"#.utf8)
            )
            let head = try client.readHead()
            #expect(head["content-type"]?.hasPrefix("text/event-stream") == true)
            try client.expectEvents([pieces[0]])
            next.send(())
            try client.expectEvents([pieces[1], "[DONE]"])
            try client.expectChunk(nil)
        }
    }

    @Test(arguments: [true, false])
    func anAbandonedRequestClosesItsUpstream(hasBegun: Bool) throws {
        let left = Signal<Void>()
        let arrived = Signal<Void>()
        let pieces = pieces
        let script: Script = { _, stream in
            stream.onDisconnect = { left.send(()) }
            if hasBegun {
                stream.beginEvents()
                stream.sendEvent(pieces[0])
            }
            arrived.send(())
        }
        try withGateway([script]) { port, core in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest("POST", "/v1/completions", body: Array(#"{"prompt": ""}"#.utf8))
            try arrived.wait()
            if hasBegun { _ = try client.readHead() }
            client.close()
            try left.wait()
            #expect(core.withFleet { fleet, now in fleet.status(now: now).map(\.inFlight) } == [0])
        }
    }

    @Test func aBodyThatIsNotJSONIsRefusedHere() throws {
        try withGateway([{ _, stream in stream.respondJSON("{}") }]) { port, _ in
            let response = try HTTPTestClient(port: port).chat("[1]")
            #expect(response.status == 400)
            #expect(response.text.contains("JSON object"))
        }
    }
}
