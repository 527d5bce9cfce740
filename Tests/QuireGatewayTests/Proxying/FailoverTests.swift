import NIOCore
import QuireGateway
import QuireHTTP
import QuireTestSupport
import Synchronization
import Testing

@Suite struct FailoverTests {
    @Test func whoCannotBeReachedIsPassedOver() throws {
        try withGateway([nil, { _, stream in stream.respondJSON("{}") }]) { port, _ in
            for _ in 0..<10 {
                let response = try HTTPTestClient(port: port).chat()
                #expect(response.status == 200)
            }
        }
    }

    @Test func aServerErrorIsTriedElsewhere() throws {
        let bad: Script = { _, stream in stream.respondJSON("{}", status: 500) }
        try withGateway([bad, { _, stream in stream.respondJSON("{}") }]) { port, _ in
            for _ in 0..<10 {
                let response = try HTTPTestClient(port: port).chat()
                #expect(response.status == 200)
            }
        }
    }

    @Test func aClientErrorIsTheAnswerAfterOneAttempt() throws {
        let count = Mutex(0)
        let script: Script = { _, stream in
            count.withLock { $0 += 1 }
            stream.respondJSON(#"{"error": {"message": "no"}}"#, status: 400)
        }
        try withGateway([script, script]) { port, core in
            for _ in 0..<60 {
                let response = try HTTPTestClient(port: port).chat()
                #expect(response.status == 400)
            }
            #expect(count.withLock { $0 } == 60)
            let status = core.withFleet { fleet, now in fleet.status(now: now).map(\.isHealthy) }
            #expect(status == [true, true])
        }
    }

    @Test func tooManyRequestsKeepsItsRetryAfterWhenNobodyElseHasRoom() throws {
        let count = Mutex(0)
        let script: Script = { _, stream in
            count.withLock { $0 += 1 }
            stream.respond(status: 429, headers: [("retry-after", "7")])
        }
        try withGateway([script]) { port, _ in
            let response = try HTTPTestClient(port: port).chat()
            #expect(response.status == 429)
            #expect(response["retry-after"] == "7")
            #expect(count.withLock { $0 } == 1)
        }
    }

    @Test func aSilentUpstreamEndsInTimeAndTheNextAnswers() throws {
        let silent: Script = { _, _ in }
        let change: (inout GatewayConfiguration) -> Void = {
            $0.limits.firstByte = .milliseconds(100)
        }
        try withGateway([silent, { _, stream in stream.respondJSON("{}") }], change: change) {
            port,
            _ in
            for _ in 0..<5 {
                let response = try HTTPTestClient(port: port).chat()
                #expect(response.status == 200)
            }
        }
        try withGateway([silent], change: change) { port, _ in
            let response = try HTTPTestClient(port: port).chat()
            #expect(response.status == 504)
        }
    }

    @Test func whenNoneCanBeReachedThatIsSaid() throws {
        try withGateway([nil, nil]) { port, _ in
            let response = try HTTPTestClient(port: port).chat()
            #expect(response.status == 503)
            #expect(response["retry-after"] != nil)
            #expect(response.text.contains("error"))
        }
    }
}
