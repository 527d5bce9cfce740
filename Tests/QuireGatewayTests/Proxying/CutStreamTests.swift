import NIOCore
import QuireGateway
import QuireHTTP
import QuireTestSupport
import Synchronization
import Testing

@Suite struct CutStreamTests {
    private static func chunk(_ content: String, finish: String? = nil, id: String = "a") -> String
    {
        let reason = finish.map { "\"\($0)\"" } ?? "null"
        return
            #"{"id":"\#(id)","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"\#(content)"},"finish_reason":\#(reason)}]}"#
    }

    private let body = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#

    private static func allowResume(_ configuration: inout GatewayConfiguration) {
        for index in configuration.fleet.upstreams.indices {
            configuration.fleet.upstreams[index].canResume = true
        }
    }

    @Test func aCutStreamGoesOnElsewhereAndTheClientCannotTell() throws {
        let continued = Signal<String>()
        let isFirst = Mutex(true)
        let script: Script = { request, stream in
            let first = isFirst.withLock { first in
                defer { first = false }
                return first
            }
            stream.beginEvents()
            if first {
                stream.sendEvent(Self.chunk("one "))
                stream.abortLater()
            } else {
                continued.send(String(buffer: request.body))
                stream.sendEvent(Self.chunk("two", finish: "stop", id: "b"))
                stream.sendEvent("[DONE]")
                stream.end()
            }
        }
        try withGateway([script, script], change: Self.allowResume) { port, _ in
            let response = try HTTPTestClient(port: port).chat(body)
            #expect(
                response.text
                    == [Self.chunk("one "), Self.chunk("two", finish: "stop"), "[DONE]"]
                    .map { "data: \($0)\n\n" }.joined()
            )
            let request = try continued.wait()
            #expect(request.contains(#"{"role":"assistant","content":"one "}"#))
            #expect(request.contains(#""continue_final_message":true"#))
        }
    }

    @Test func aCutStreamThatNobodyContinuesEndsWithAnErrorEvent() throws {
        let script: Script = { _, stream in
            stream.beginEvents()
            stream.sendEvent(Self.chunk("one "))
            stream.abortLater()
        }
        for change in [{ _ in }, Self.allowResume] as [(inout GatewayConfiguration) -> Void] {
            try withGateway([script], change: change) { port, _ in
                let response = try HTTPTestClient(port: port).chat(body)
                #expect(response.text.hasPrefix("data: \(Self.chunk("one "))\n\ndata: {\"error\""))
                #expect(!response.text.contains("[DONE]"))
            }
        }
    }

    @Test func aMissingEndIsAdded() throws {
        let script: Script = { _, stream in
            stream.beginEvents()
            stream.sendEvent(Self.chunk("all", finish: "stop"))
            stream.end()
        }
        try withGateway([script, script], change: Self.allowResume) { port, _ in
            let response = try HTTPTestClient(port: port).chat(body)
            #expect(response.text.hasSuffix("data: [DONE]\n\n"))
            #expect(!response.text.contains("error"))
        }
    }

    @Test func usageThatNobodyAskedForIsTakenOut() throws {
        let seen = Signal<String>()
        let script: Script = { request, stream in
            seen.send(String(buffer: request.body))
            stream.beginEvents()
            stream.sendEvent(Self.chunk("all", finish: "stop"))
            stream.sendEvent(
                #"{"id":"a","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#
            )
            stream.sendEvent("[DONE]")
            stream.end()
        }
        try withGateway([script]) { port, _ in
            let response = try HTTPTestClient(port: port).chat(body)
            #expect(!response.text.contains("usage"))
            let request = try seen.wait()
            #expect(request.contains(#""include_usage":true"#))
        }
    }

    @Test func halfAWholeAnswerIsABrokenConnection() throws {
        let script: Script = { _, stream in
            stream.writeHead(
                status: 200,
                headers: [("content-type", "application/json")],
                contentLength: 100
            )
            stream.write(ByteBuffer(string: "{"))
            stream.flush()
            stream.abortLater()
        }
        try withGateway([script]) { port, _ in
            #expect(throws: HTTPTestClient.Failure.self) {
                try HTTPTestClient(port: port).chat()
            }
        }
    }
}
