import NIOCore
import QuireHTTP
import QuireTestSupport
import Testing

/// Requests that offer to go on in HTTP/2 in clear, as every stock Java client's do.
///
/// They are answered in HTTP/1.1, which is what a server does that passes the offer over, and the
/// connection must go on: a stock codec that waits for an upgrade goes deaf here.
@Suite struct HTTP2OfferTests {
    private static let offer = [
        ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"),
    ]
    private static let offerLines = offer.map { "\($0): \($1)\r\n" }.joined()

    /// Echoes, or streams what it got in three chunks.
    @Sendable private static func serve(_ request: HTTPRequest, _ stream: HTTPStream) {
        guard request.head.path == "/stream" else {
            return stream.respond(status: 200, body: request.body)
        }
        stream.writeHead(status: 200)
        for _ in 0..<3 {
            stream.write(request.body)
            stream.flush()
        }
        stream.end()
    }

    private func expect(_ response: HTTPTestResponse, _ text: String) {
        #expect(response.status == 200 && response.text == text)
        #expect(response["upgrade"] == nil && response["connection"] == nil)
    }

    @Test func theConnectionGoesOnAfterAPostWithALength() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            for index in 0..<50 {
                let body = Array("\(index)".utf8)
                // The client offers with its first request only, and others with each.
                let headers = index == 0 || index % 3 == 0 ? Self.offer : []
                let response = try client.request("POST", "/", headers: headers, body: body)
                expect(response, "\(index)")
            }
        }
    }

    @Test func theConnectionGoesOnAfterAChunkedBody() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            for _ in 0..<5 {
                try client.send(
                    "POST / HTTP/1.1\r\nHost: h\r\n\(Self.offerLines)Transfer-Encoding: chunked\r\n\r\n"
                )
                try client.send("3\r\nabc\r\n")
                try client.send("2\r\nde\r\n0\r\n\r\n")
                expect(try client.readResponse(), "abcde")
                expect(try client.request("POST", "/", body: [0x78]), "x")
            }
        }
    }

    @Test func theConnectionGoesOnAfterARequestWithoutABody() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            for _ in 0..<3 {
                expect(try client.request("GET", "/", headers: Self.offer), "")
                expect(try client.request("POST", "/", body: [0x78]), "x")
            }
        }
    }

    @Test func anAnswerMayBeAStream() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            for _ in 0..<3 {
                let response = try client.request(
                    "POST",
                    "/stream",
                    headers: Self.offer,
                    body: [0x61, 0x62]
                )
                expect(response, "ababab")
            }
        }
    }

    @Test func continueIsSaidToAClientWhoWaits() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            for _ in 0..<3 {
                try client.sendRequest(
                    "POST",
                    "/",
                    headers: Self.offer + [("Expect", "100-continue"), ("Content-Length", "2")]
                )
                let interim = try client.readHead()
                #expect(interim.status == 100)
                try client.send("ok")
                expect(try client.readResponse(), "ok")
            }
        }
    }

    @Test func manyConnectionsAtOnceAreServed() throws {
        try withServer(answer: Self.serve) { _, port in
            let clients = try (0..<50).map { _ in try HTTPTestClient(port: port) }
            for _ in 0..<2 {
                for (index, client) in clients.enumerated() {
                    let body = Array("\(index)".utf8)
                    try client.sendRequest("POST", "/", headers: Self.offer, body: body)
                }
                for (index, client) in clients.enumerated() {
                    expect(try client.readResponse(), "\(index)")
                }
            }
        }
    }

    /// A client with prior knowledge of HTTP/2 begins with its preface; it gets a plain refusal.
    @Test func thePrefaceOfHTTP2IsRefused() throws {
        try withServer(answer: Self.serve) { _, port in
            let client = try HTTPTestClient(port: port)
            try client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            let response = try client.readResponse()
            #expect(response.status == 505 && response["connection"] == "close")
        }
    }
}
