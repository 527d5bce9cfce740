import Glibc
import NIOCore
import QuireEngine
import QuireHTTP
import QuireJSON
import QuireServer
import QuireTestSupport
import Testing

/// Clients that leave, servers that end, engines that stall: over an executor under control.
@Suite struct LifecycleTests {
    static let running = "vllm:num_requests_running"
    static let long = Array(#"{"prompt": "Once", "max_tokens": 100000, "stream": true}"#.utf8)

    /// A client whose stream has begun to arrive.
    private func begin(_ server: LiveServer) throws -> HTTPTestClient {
        let client = try server.client()
        try client.sendRequest("POST", "/v1/completions", body: Self.long)
        #expect(try client.readHead().status == 200)
        _ = try client.readChunk()
        return client
    }

    @Test func aClientThatLeavesFreesItsBlocksWithinAStep() throws {
        let server = try LiveServer.scripted(Script())
        let staying = try begin(server)
        let leaving = try begin(server)
        #expect(try server.reaches(Self.running, 2))
        leaving.close()
        #expect(try server.reaches(Self.running, 1))
        staying.reset()
        #expect(try server.reaches(Self.running, 0))
        #expect(try server.reaches("vllm:kv_cache_usage_perc", 0))
        try server.shutDown()
    }

    @Test func aClientThatLeavesBeforeItsFirstTokenIsForgotten() throws {
        let script = Script(isOpen: false)
        let server = try LiveServer.scripted(script)
        let client = try server.client()
        try client.sendRequest("POST", "/v1/completions", body: Self.long)
        while server.engine.status.runningCount + server.engine.status.waitingCount == 0,
            script.stepCount == 0
        { sched_yield() }
        client.close()
        script.open()
        #expect(try server.reaches(Self.running, 0))
        try server.shutDown()
    }

    @Test func workForAClientThatHasLeftIsNotBegun() throws {
        // Unknown fields are told as a request is parsed: the first one stands still there, the
        // others wait behind it for the only thread.
        let log = LogLines()
        let gate = Script(isOpen: false)
        var options = ServerOptions()
        options.preprocessThreadCount = 1
        options.log = { line in
            log.append(line)
            while !gate.isOpen { sched_yield() }
        }
        let server = try LiveServer.scripted(Script(), options: options)
        func send(_ field: String) throws -> HTTPTestClient {
            let client = try server.client()
            let body = Array(#"{"prompt": "Once", "max_tokens": 1, "\#(field)": 1}"#.utf8)
            try client.sendRequest("POST", "/v1/completions", body: body)
            return client
        }
        let first = try send("first")
        while log.all.isEmpty { sched_yield() }
        let leaving = try send("leaving")
        leaving.close()
        // Every loop has looked at its connections since.
        for _ in 0..<50 { #expect(try server.get("/health").status == 200) }
        let staying = try send("staying")
        gate.open()
        #expect(try first.readResponse().status == 200)
        #expect(try staying.readResponse().status == 200)
        #expect(log.all.count == 2)
        #expect(log.all.allSatisfy { !$0.contains("leaving") })
        try server.shutDown()
    }

    @Test func aSlowReaderIsCut() throws {
        var options = ServerOptions()
        options.maxUnreadBytes = 256 << 10
        let server = try LiveServer.scripted(Script(), options: options)
        let slow = try server.client(receiveBufferBytes: 4096)
        try slow.sendRequest("POST", "/v1/completions", body: Self.long)
        #expect(try server.reaches(Self.running, 1))
        // Nothing is read: the socket fills, then the server's buffer, then it is cut.
        #expect(try server.reaches(Self.running, 0))
        var isCut = false
        do {
            _ = try slow.readResponse()
        } catch {
            isCut = true
        }
        #expect(isCut, "the stream must not end as if it were whole")
        try server.shutDown()
    }

    @Test func aFullQueueIsA503WithRetryAfter() throws {
        let script = Script(isOpen: false)
        let server = try LiveServer.scripted(script, queueDepthMax: 4, maxSequences: 1)
        let body = #"{"prompt": "Once", "max_tokens": 2}"#
        func send() throws -> HTTPTestClient {
            let client = try server.client()
            try client.sendRequest("POST", "/v1/completions", body: Array(body.utf8))
            return client
        }
        // One that the engine computes and stands still with, and four that wait.
        var waiting = [try send()]
        while script.stepCount == 0 { sched_yield() }
        for _ in 0..<4 { waiting.append(try send()) }
        while server.engine.status.waitingCount < 4 { sched_yield() }
        let refused = try server.post("/v1/completions", body)
        #expect(refused.status == 503)
        #expect(refused["retry-after"] == "1")
        #expect(try refused.json()["error"]?["type"] == .string("ServiceUnavailableError"))
        script.open()
        for client in waiting { #expect(try client.readResponse().status == 200) }
        try server.shutDown()
    }

    @Test func drainingLetsStreamsFinishAndTakesNoMore() throws {
        let script = Script(isOpen: false)
        let server = try LiveServer.scripted(script)
        let body = Array(#"{"prompt": "Once", "max_tokens": 20, "stream": true}"#.utf8)
        func send() throws -> HTTPTestClient {
            let client = try server.client()
            try client.sendRequest("POST", "/v1/completions", body: body)
            return client
        }
        // The engine stands still with the first, so the others are counted as waiting.
        var clients = [try send()]
        while script.stepCount == 0 { sched_yield() }
        for _ in 1..<50 { clients.append(try send()) }
        while server.engine.status.waitingCount < 49 { sched_yield() }
        let drained = server.drain()
        script.open()
        for client in clients {
            let answer = try StreamedAnswer(client.readResponse())
            #expect(answer.finishReasons[0] == "length")
            #expect(answer.endsWithDone)
        }
        try drained.wait()
        #expect(throws: HTTPTestClient.Failure.self) { _ = try server.get("/health") }
        try server.shutDown()
    }

    @Test func whatDoesNotFinishInTimeIsCutByTheDrain() throws {
        let script = Script()
        let server = try LiveServer.scripted(script)
        let client = try begin(server)
        try server.drain(within: .milliseconds(50)).wait()
        #expect(throws: HTTPTestClient.Failure.self) {
            while try client.readChunk() != nil {}
        }
        try server.shutDown()
    }

    @Test func aStalledStepIsUnhealthyUntilItEnds() throws {
        let script = Script(isOpen: false)
        var options = ServerOptions()
        options.stallNanoseconds = 5_000_000
        let server = try LiveServer.scripted(script, options: options)
        #expect(try server.get("/health").status == 200)
        let client = try server.client()
        let body = Array(#"{"prompt": "Once", "max_tokens": 1}"#.utf8)
        try client.sendRequest("POST", "/v1/completions", body: body)
        var health = try server.get("/health")
        for _ in 0..<5000 where health.status == 200 { health = try server.get("/health") }
        #expect(health.status == 503)
        #expect(health.text.contains("stalled"))
        script.open()
        #expect(try client.readResponse().status == 200)
        // The answer leaves a moment before the step ends.
        for _ in 0..<5000 where health.status != 200 { health = try server.get("/health") }
        #expect(health.status == 200)
        try server.shutDown()
    }

    @Test func aFailedStepFailsItsRequestsAndNotTheServer() throws {
        let server = try LiveServer.scripted(Script(failingSteps: [1, 4]))
        let body = #"{"prompt": "Once", "max_tokens": 5}"#
        let first = try server.post("/v1/completions", body)
        #expect(first.status == 500)
        #expect(try first.json()["error"]?["type"] == .string("InternalServerError"))
        // Step 4 is the third of this stream: the error comes as an event, then [DONE].
        let streamed = try StreamedAnswer(
            server.post("/v1/completions", #"{"prompt": "Once", "max_tokens": 5, "stream": true}"#)
        )
        #expect(streamed.error?["code"]?.int == 500)
        #expect(streamed.endsWithDone)
        #expect(try server.post("/v1/completions", body).status == 200)
        try server.shutDown()
    }

    @Test func aStreamNeverEndsOnHalfACharacter() throws {
        // Ids of the byte tokens <0xF0> <0x9F> <0x98> <0x80>, which are one emoji, and of a word.
        let tokens = [0xF0, 0x9F, 0x98, 0x80].map { Int32($0) + 3 } + [383]
        let server = try LiveServer.scripted(Script(token: { tokens[$0 % 5] }))
        for count in 1...11 {
            let fields = #""prompt": "Once", "max_tokens": \#(count)"#
            let whole = try server.post("/v1/completions", "{\(fields)}").json().firstText
            let streamed = try StreamedAnswer(
                server.post("/v1/completions", "{\(fields), \"stream\": true}")
            )
            #expect(streamed.texts[0] == whole)
            let emojis = String(repeating: "😀 there", count: count / 5)
            #expect(whole?.hasPrefix(emojis) == true, "\(count): \(whole ?? "")")
            let pieces = streamed.chunks.compactMap { $0.firstText }
            #expect(pieces.filter { $0.contains("😀") }.count == (count + 1) / 5)
        }
        try server.shutDown()
    }

    @Test func aPreprocessQueueThatIsFullRefuses() throws {
        let queue = WorkQueue(threadCount: 1, maxCount: 2, maxBytes: 100)
        let script = Script(isOpen: false)
        #expect(queue.submit(bytes: 1) { while !script.isOpen { sched_yield() } })
        // The thread has the first; two may wait, or one that is larger than all the room.
        while !queue.isEmpty { sched_yield() }
        #expect(queue.submit(bytes: 500) {})
        #expect(!queue.submit(bytes: 1) {})
        script.open()
        queue.close()
        #expect(!queue.submit(bytes: 1) {})
    }
}
