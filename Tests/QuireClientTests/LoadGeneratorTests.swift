import NIOCore
import NIOPosix
import QuireClient
import QuireHTTP
import QuireJSON
import Synchronization
import Testing

@Suite struct LoadGeneratorTests {
    private static func requests(_ count: Int) -> [GenerationRequest] {
        (0..<count).map { index in
            GenerationRequest(
                prompt: .tokens([Int32(index)]),
                maxTokens: 4,
                promptTokenCount: 1
            )
        }
    }

    /// The first token of the request's prompt.
    private static func index(_ request: HTTPRequest) -> Int {
        let json = try? JSON(parsing: Array(request.body.readableBytesView))
        return json?["prompt"]?.array?.first?.int ?? -1
    }

    @Test func everyRequestIsAnsweredOnceAndCounted() throws {
        let run = try withServer { _, stream in
            stream.sendCompletion(tokens: 4, promptTokens: 9)
        } _: { address in
            try runLoad(address, Self.requests(50)) {
                $0.concurrency = 4
                $0.keepsTexts = true
            }
        }
        let report = LoadReport(run, concurrency: 4)
        #expect(report.completed == 50 && report.failed == 0)
        #expect(report.totalOutputTokens == 200 && report.totalInputTokens == 450)
        #expect(run.outcomes.allSatisfy { $0.text == "aaaa" && $0.interTokenLatencies.count == 3 })
        #expect(run.outcomes.allSatisfy { $0.latency >= $0.timeToFirstToken })
        #expect(report.peakConcurrency <= 4)
    }

    @Test func noMoreThanTheBoundIsUnderWay() throws {
        let open = Mutex((now: 0, peak: 0, answered: 0))
        let run = try withServer { _, stream in
            let wait = open.withLock { counts in
                counts.now += 1
                counts.peak = max(counts.peak, counts.now)
                return counts.now < 3
            }
            // Answers only once the bound is reached, or no more requests will come.
            let loop = stream.eventLoop.assumeIsolated()
            loop.scheduleTask(in: wait ? .milliseconds(20) : .zero) {
                open.withLock { $0.now -= 1 }
                stream.sendCompletion(tokens: 1, promptTokens: 1)
            }
        } _: { address in
            try runLoad(address, Self.requests(12)) { $0.concurrency = 3 }
        }
        #expect(run.outcomes.count == 12 && run.outcomes.allSatisfy { $0.isSuccess })
        #expect(open.withLock(\.peak) == 3)
        #expect(run.outcomes.last?.queueTime ?? 0 > 0)
    }

    @Test func eachKindOfFailureIsTold() throws {
        let run = try withServer { request, stream in
            switch Self.index(request) {
            case 0:
                stream.respond(
                    status: 400,
                    headers: [("content-type", "application/json")],
                    body: ByteBuffer(string: #"{"error": {"message": "too long"}}"#)
                )
            case 1:
                // Ends before a finish reason.
                stream.beginEvents()
                stream.sendEvent(#"{"choices": [{"text": "a", "finish_reason": null}]}"#)
                stream.end()
            case 2:
                stream.beginEvents()
                stream.sendEvent(#"{"choices": [{"text": "a", "finish_reason": null}]}"#)
                stream.abort()
            case 3:
                stream.beginEvents()
                stream.sendEvent(#"{"error": {"message": "broken"}}"#)
                stream.sendEvent("[DONE]")
                stream.end()
            case 4:
                stream.beginEvents()
                stream.sendEvent("{no json")
                stream.end()
            case 5:
                stream.respond(status: 200, body: ByteBuffer(string: "hello"))
            default: break  // Never answers.
            }
        } _: { address in
            try runLoad(address, Self.requests(7)) { $0.requestTime = .milliseconds(300) }
        }
        let errors = run.outcomes.map { $0.error ?? "" }
        #expect(errors[0] == "HTTP status 400: too long")
        #expect(errors[1].contains("without a finish reason"))
        #expect(errors[2].hasPrefix("the connection was lost"))
        #expect(errors[3].contains("broken"))
        #expect(errors[4].hasPrefix("the answer is malformed"))
        #expect(errors[5].contains("not a stream"))
        #expect(errors[6].hasPrefix("timed out"))
    }

    @Test func theWholeTimeBoundsARun() throws {
        let run = try withServer { _, _ in
        } _: { address in
            try runLoad(address, Self.requests(5)) {
                $0.concurrency = 2
                $0.wholeTime = .milliseconds(100)
            }
        }
        #expect(run.outcomes.count == 2 && run.unsentCount == 3)
        #expect(run.outcomes.allSatisfy { $0.error?.hasPrefix("timed out") == true })
        #expect(run.duration < 5)
    }

    @Test func requestsAreSentWhenTheyArrive() throws {
        let run = try withServer { _, stream in
            stream.sendCompletion(tokens: 1, promptTokens: 1)
        } _: { address in
            try runLoad(address, Self.requests(3), arrivals: [0, 0.05, 0.1])
        }
        #expect(run.outcomes.allSatisfy { $0.isSuccess })
        for (outcome, arrival) in zip(run.outcomes, [0, 0.05, 0.1]) {
            #expect(outcome.startTime >= arrival)
        }
    }

    @Test func aServerThatIsNotThereFailsEveryRequest() throws {
        // The port was free a moment ago.
        let address = try withServer { _, _ in
        } _: {
            $0
        }
        let run = try runLoad(address, Self.requests(3)) { $0.concurrency = 1 }
        #expect(
            run.outcomes.map { $0.error?.contains("connection refused") } == [true, true, true]
        )
    }

    /// The server closes each connection after its answer without having said so.
    @Test func aKeptConnectionThatWasClosedIsReplaced() throws {
        let answered = Mutex(0)
        let run = try withServer { _, stream in
            let count = answered.withLock { count in
                count += 1
                return count
            }
            // Every second request on a connection is dropped before a byte of its answer.
            if count == 2 {
                stream.abort()
            } else {
                stream.sendCompletion(tokens: 1, promptTokens: 1)
            }
        } _: { address in
            try runLoad(address, Self.requests(2)) { $0.concurrency = 1 }
        }
        #expect(run.outcomes.allSatisfy { $0.isSuccess })
        #expect(answered.withLock { $0 } == 3)
    }

    @Test func chatRolesAreNoTokens() throws {
        let run = try withServer { _, stream in
            stream.beginEvents()
            stream.sendEvent(
                #"{"choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}"#
            )
            for text in ["a", "b"] {
                stream.sendEvent(
                    #"{"choices": [{"delta": {"content": "\#(text)"}, "finish_reason": null}]}"#
                )
            }
            stream.sendEvent(#"{"choices": [{"delta": {}, "finish_reason": "stop"}]}"#)
            stream.sendEvent("[DONE]")
            stream.end()
        } _: { address in
            try runLoad(
                address,
                [GenerationRequest(prompt: .text("q"))],
                path: "/v1/chat/completions"
            )
        }
        // No usage was sent: pieces are counted.
        #expect(run.outcomes.first?.outputTokenCount == 2)
        #expect(run.outcomes.first?.interTokenLatencies.count == 1)
    }

    @Test func theFirstModelIsFound() throws {
        let name = try withServer { request, stream in
            let isList = request.head.path == "/v1/models"
            stream.respond(
                status: isList ? 200 : 404,
                body: ByteBuffer(string: #"{"data": [{"id": "one"}, {"id": "two"}]}"#)
            )
        } _: { address in
            let connections = ServerConnections(
                address: address,
                eventLoop: MultiThreadedEventLoopGroup.singleton.next()
            )
            return try WholeResponse.firstModel(on: connections).wait()
        }
        #expect(name == "one")
    }
}
