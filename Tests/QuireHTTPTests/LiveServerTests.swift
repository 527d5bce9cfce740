import NIOCore
import NIOPosix
import QuireHTTP
import QuireTestSupport
import Synchronization
import Testing

/// A server on a loopback socket, and raw clients.
@Suite struct LiveServerTests {
    /// Echoes bodies, streams, and sends what is large.
    @Sendable private static func serve(_ request: HTTPRequest, _ stream: HTTPStream) {
        switch request.head.path {
        case "/echo": stream.respond(status: 200, body: request.body)
        case "/large":
            stream.respond(status: 200, body: ByteBuffer(repeating: 0x61, count: 5_000_000))
        case "/48k": stream.respond(status: 200, body: ByteBuffer(repeating: 0x62, count: 48 << 10))
        case "/later":
            let stream = NIOLoopBound(stream, eventLoop: stream.eventLoop)
            stream.eventLoop.execute {
                stream.value.respond(
                    status: 200,
                    body: ByteBuffer(string: request.head.query ?? "")
                )
            }
        default: stream.respond(status: 200, body: ByteBuffer(string: request.head.target))
        }
    }

    @Test func aConnectionServesManyRequests() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            for index in 0..<200 {
                let response = try client.request(
                    "GET",
                    index % 2 == 0 ? "/\(index)" : "/later?\(index)"
                )
                #expect(response.status == 200)
                #expect(response.text.hasSuffix("\(index)"))
                #expect(response["date"]?.hasSuffix(" GMT") == true)
                #expect(response["connection"] == nil)
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            let targets = (0..<500).map { $0 % 3 == 0 ? "/later?\($0)" : "/\($0)" }
            try client.send(targets.map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
            for (index, target) in targets.enumerated() {
                let text = try client.readResponse().text
                #expect(text == (index % 3 == 0 ? "\(index)" : target))
            }
        }
    }

    @Test func pipelinedLargeAnswersAllArrive() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            try client.send(String(repeating: "GET /48k HTTP/1.1\r\nHost: h\r\n\r\n", count: 400))
            for _ in 0..<400 {
                let response = try client.readResponse()
                #expect(response.body.count == 48 << 10)
            }
        }
    }

    @Test func aLargeBodyComesBackWhole() throws {
        var random = SplitMix(seed: 5)
        let body = (0..<3_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest(
                "POST",
                "/echo",
                headers: [("Expect", "100-continue"), ("Content-Length", "\(body.count)")]
            )
            let interim = try client.readHead()
            #expect(interim.status == 100)
            try client.send(body)
            let byLength = try client.readResponse()
            #expect(byLength.body == body)
            var chunks = Array(
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8
            )
            var start = 0
            while start < body.count {
                let end = min(body.count, start + Int.random(in: 1...50_000, using: &random))
                chunks +=
                    Array("\(String(end - start, radix: 16))\r\n".utf8) + body[start..<end] + [
                        13, 10,
                    ]
                start = end
            }
            try client.send(chunks + Array("0\r\n\r\n".utf8))
            let byChunks = try client.readResponse()
            #expect(byChunks.body == body)
            let large = try client.request("GET", "/large")
            #expect(large.body.count == 5_000_000)
        }
    }

    @Test func aStreamIsReadAsItIsFlushed() throws {
        let streams = Signal<NIOLoopBound<HTTPStream>>()
        try withServer(answer: { _, stream in
            stream.writeHead(status: 200, headers: [("content-type", "text/event-stream")])
            stream.flush()
            streams.send(NIOLoopBound(stream, eventLoop: stream.eventLoop))
        }) { _, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest("GET", "/")
            let head = try client.readHead()
            #expect(head["transfer-encoding"] == "chunked")
            let stream = try streams.wait()
            let eventLoop = stream.eventLoop
            for index in 0..<20 {
                eventLoop.execute {
                    stream.value.writeChunk { $0.writeString("data: \(index)\n\n") }
                    stream.value.flush()
                }
                let chunk = try client.readChunk()
                #expect(chunk == Array("data: \(index)\n\n".utf8))
            }
            eventLoop.execute { stream.value.end() }
            let last = try client.readChunk()
            #expect(last == nil)
        }
    }

    @Test(arguments: ["close", "reset", "close sending", "close after a flood"])
    func theResponderHearsOfAClientWhoLeaves(_ manner: String) throws {
        let left = Signal<Void>()
        try withServer(
            { $0.maxPipelinedBytes = 1000 },
            answer: { _, stream in
                stream.onDisconnect = { left.send(()) }
                stream.writeHead(status: 200)
                stream.flush()
            }
        ) { server, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest("GET", "/")
            _ = try client.readHead()
            switch manner {
            case "close": client.close()
            case "reset": client.reset()
            case "close sending": client.closeSending()
            default:
                // More than is taken ahead: the end lies behind bytes that nobody wants to read.
                try client.send(String(repeating: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", count: 1000))
                client.close()
            }
            try left.wait()
            try poll(MultiThreadedEventLoopGroup.singleton.next()) { server.connectionCount == 0 }
        }
    }

    @Test func aClientWhoSaysThatItSendsNoMoreGetsItsAnswer() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest("GET", "/a")
            client.closeSending()
            let response = try client.readResponse()
            #expect(response.text == "/a")
            let rest = try client.readToEnd()
            #expect(rest.isEmpty)
        }
    }

    @Test func aSlowReaderIsSeenAndResumed() throws {
        let stuck = Signal<Int>()
        let resumed = Signal<Void>()
        try withServer(answer: { _, stream in
            stream.writeHead(status: 200)
            let piece = ByteBuffer(repeating: 0x61, count: 10_000)
            while stream.isWritable {
                stream.write(piece)
                stream.flush()
            }
            // What is written now waits with us, not in the channel.
            stream.write(piece)
            stream.flush()
            stuck.send(stream.pendingBytes)
            let bound = NIOLoopBound(stream, eventLoop: stream.eventLoop)
            stream.onWritable = {
                resumed.send(())
                bound.value.onWritable = nil
                bound.value.end()
            }
        }) { _, port in
            let client = try HTTPTestClient(port: port, receiveBufferBytes: 4096)
            try client.sendRequest("GET", "/")
            let pending = try stuck.wait()
            #expect(pending >= 10_000 && pending < 200_000)
            let body = try client.readResponse().body
            try resumed.wait()
            #expect(body.count % 10_000 == 0 && body.allSatisfy { $0 == 0x61 })
        }
    }

    @Test func anAbortedAnswerIsSeenAsCut() throws {
        try withServer(answer: { _, stream in
            stream.writeHead(status: 200)
            stream.writeChunk { $0.writeString("a") }
            stream.flush()
            stream.abort()
        }) { _, port in
            let client = try HTTPTestClient(port: port)
            #expect(throws: HTTPTestClient.Failure.self) { try client.request("GET", "/") }
        }
    }

    @Test func oneConnectionTooManyIsTurnedAway() throws {
        try withServer({ $0.maxConnections = 2 }, answer: Self.serve) { server, port in
            let first = try HTTPTestClient(port: port)
            let second = try HTTPTestClient(port: port)
            for client in [first, second] {
                let response = try client.request("GET", "/")
                #expect(response.status == 200)
            }
            let third = try HTTPTestClient(port: port)
            let refusal = try third.readResponse()
            #expect(refusal.status == 503)
            #expect(refusal["connection"] == "close" && refusal["retry-after"] == "1")
            let rest = try third.readToEnd()
            #expect(rest.isEmpty)
            third.close()
            first.close()
            try poll(MultiThreadedEventLoopGroup.singleton.next()) { server.connectionCount == 1 }
            let fourth = try HTTPTestClient(port: port)
            let response = try fourth.request("GET", "/")
            #expect(response.status == 200)
        }
    }

    @Test func aClientWhoLeavesTakesItsBodyFromTheSum() throws {
        try withServer({ $0.maxBodyBytesTogether = 1000 }, answer: Self.serve) { server, port in
            let first = try HTTPTestClient(port: port)
            try first.sendRequest("POST", "/echo", headers: [("Content-Length", "2000")])
            try first.send([UInt8](repeating: 0x61, count: 900))
            try poll(MultiThreadedEventLoopGroup.singleton.next()) {
                server.incompleteBodyBytes == 900
            }
            let second = try HTTPTestClient(port: port)
            let refused = try second.request(
                "POST",
                "/echo",
                body: [UInt8](repeating: 0x62, count: 200)
            )
            #expect(refused.status == 503)
            first.reset()
            try poll(MultiThreadedEventLoopGroup.singleton.next()) {
                server.incompleteBodyBytes == 0
            }
            let third = try HTTPTestClient(port: port)
            let served = try third.request(
                "POST",
                "/echo",
                body: [UInt8](repeating: 0x62, count: 200)
            )
            #expect(served.status == 200)
        }
    }

    @Test func aClientCanReadItsRefusalWhileItStillSends() throws {
        try withServer({ $0.limits.bodyBytes = 1000 }, answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest(
                "POST",
                "/echo",
                body: [UInt8](repeating: 0x61, count: 8_000_000)
            )
            let response = try client.readResponse()
            #expect(response.status == 413)
            client.closeSending()
            let rest = try client.readToEnd()
            #expect(rest.isEmpty)
        }
    }

    @Test func slowClientsAreAnsweredOnTheRealClock() throws {
        try withServer(
            {
                $0.headerTimeout = .milliseconds(20)
                $0.bodyTimeout = .milliseconds(20)
                $0.idleTimeout = .milliseconds(20)
            },
            answer: Self.serve
        ) { _, port in
            for start in ["GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"] {
                let client = try HTTPTestClient(port: port)
                try client.send(start)
                let response = try client.readResponse()
                #expect(response.status == 408)
            }
            let idle = try HTTPTestClient(port: port)
            let rest = try idle.readToEnd()
            #expect(rest.isEmpty)
        }
    }

    @Test func shutdownLetsAStreamFinishAndTakesNoNewClient() throws {
        let streams = Signal<NIOLoopBound<HTTPStream>>()
        try withServer(answer: { request, stream in
            stream.writeHead(status: 200)
            stream.writeChunk { $0.writeString("a") }
            stream.flush()
            if request.head.path == "/stream" {
                streams.send(NIOLoopBound(stream, eventLoop: stream.eventLoop))
            } else {
                stream.end()
            }
        }) { server, port in
            let idle = try HTTPTestClient(port: port)
            _ = try idle.request("GET", "/")
            let client = try HTTPTestClient(port: port)
            try client.sendRequest("GET", "/stream")
            _ = try client.readHead()
            let stream = try streams.wait()
            let eventLoop = stream.eventLoop
            let drained = server.shutdown(within: .seconds(10))
            let rest = try idle.readToEnd()
            #expect(rest.isEmpty)
            #expect(throws: HTTPTestClient.Failure.self) {
                try HTTPTestClient(port: port).request("GET", "/")
            }
            eventLoop.execute {
                stream.value.writeChunk { $0.writeString("b") }
                stream.value.end()
            }
            let chunks = try [client.readChunk(), client.readChunk(), client.readChunk()]
            #expect(chunks == [[0x61], [0x62], nil])
            try drained.wait()
            #expect(server.connectionCount == 0)
        }
    }

    @Test func shutdownCutsWhatDoesNotFinish() throws {
        let left = Signal<Void>()
        try withServer(answer: { _, stream in
            stream.onDisconnect = { left.send(()) }
            stream.writeHead(status: 200)
            stream.flush()
        }) { server, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest("GET", "/")
            _ = try client.readHead()
            try server.shutdown(within: .milliseconds(1)).wait()
            try left.wait()
        }
    }

    @Test func aUnixSocketServesAndReplacesAnOldOne() throws {
        let folder = try TemporaryFolder()
        for _ in 0..<2 {
            let server = try HTTPServer.start(
                on: .unixSocket(path: folder.path + "/s"),
                group: MultiThreadedEventLoopGroup.singleton,
                responder: ClosureResponder(answer: Self.serve)
            ).wait()
            #expect(server.port == nil)
            let client = try HTTPTestClient(unixSocket: folder.path + "/s")
            let response = try client.request("GET", "/a")
            #expect(response.text == "/a")
            try server.shutdown(within: .zero).wait()
        }
    }

    @Test func manyClientsOfAllKindsLeaveNothingBehind() throws {
        let open = Mutex(0)
        try withServer(answer: { request, stream in
            guard request.head.path == "/stream" else { return Self.serve(request, stream) }
            open.withLock { $0 += 1 }
            stream.onDisconnect = { open.withLock { $0 -= 1 } }
            stream.writeHead(status: 200)
            stream.writeChunk { $0.writeString("a") }
            stream.flush()
        }) { server, port in
            var random = SplitMix(seed: 11)
            for _ in 0..<300 {
                let client = try HTTPTestClient(port: port)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: client.close()
                case 1: try client.send("GET / HT")
                case 2:
                    try client.sendRequest("GET", "/stream")
                    _ = try client.readHead()
                    client.reset()
                case 3:
                    try client.sendRequest("GET", "/large")
                    client.reset()
                case 4: try client.send("GET / HTTP/1.1\r\n\r\n")
                default: try client.sendRequest("POST", "/echo", body: Array("abc".utf8))
                }
                client.close()
            }
            try poll(MultiThreadedEventLoopGroup.singleton.next()) { server.connectionCount == 0 }
            #expect(open.withLock(\.self) == 0)
            let client = try HTTPTestClient(port: port)
            let response = try client.request("GET", "/a")
            #expect(response.text == "/a")
        }
    }
}
