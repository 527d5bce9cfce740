import NIOCore
import QuireHTTP
import QuireTestSupport
import Testing

private let dateLine = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

/// Turning a request away by its head alone.
@Suite struct AdmissionTests {
    /// Lets in who has a key; the test's own refusal to the others.
    @Sendable private static func admit(_ head: HTTPRequestHead) -> HTTPRefusal? {
        guard head.fields.first("authorization") == nil else { return nil }
        return HTTPRefusal(
            status: 401,
            headers: [("www-authenticate", "Bearer")],
            body: ByteBuffer(string: "no")
        )
    }

    private func connection(
        _ change: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) throws -> VirtualConnection {
        let connection = try VirtualConnection(change)
        connection.log.admission = Self.admit
        connection.log.answer = { $1.respond(status: 204) }
        return connection
    }

    private static let refused =
        "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 2\r\n"

    @Test(arguments: ["Content-Length: 32000000", "Transfer-Encoding: chunked"])
    func aBodyIsRefusedBeforeItIsSent(_ framing: String) throws {
        let connection = try connection()
        try connection.receive(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\(framing)\r\n\r\n"
        )
        #expect(try connection.take() == Self.refused + "connection: close\r\n\(dateLine)\r\nno")
        #expect(connection.isOutputClosed && connection.isOpen)
        // What the client sends all the same is thrown away, and is no second request.
        try connection.receive("GET /b HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\n\r\n")
        #expect(connection.log.requests.isEmpty)
        #expect(connection.loop.counts.bodyBytes == 0)
        #expect(try connection.take() == "")
        connection.advance(.seconds(3))
        #expect(!connection.isOpen)
    }

    @Test func aRefusalWithoutABodyToComeKeepsTheConnection() throws {
        let connection = try connection()
        for (request, body) in [
            ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "no"),
            ("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", ""),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "no"),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "no"),
        ] {
            try connection.receive(request)
            #expect(try connection.take() == "\(Self.refused)\(dateLine)\r\n\(body)")
        }
        try connection.receive(
            "POST /a HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\nContent-Length: 1\r\n\r\nx"
        )
        #expect(try connection.take().hasPrefix("HTTP/1.1 204 "))
        #expect(connection.log.paths == ["/a"])
        #expect(connection.isOpen && connection.loop.counts.bodyBytes == 0)
    }

    @Test func refusalsAndAnswersStayInOrder() throws {
        let connection = try connection()
        connection.log.answer = nil
        try connection.receive(
            "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
                + "GET /c HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\n\r\n"
        )
        #expect(try connection.take() == "")
        connection.log.streams[0].respond(status: 200)
        let text = try connection.take()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.components(of: Self.refused) == 1 && text.hasSuffix("\r\n\r\nno"))
        #expect(connection.log.paths == ["/a", "/c"])
    }

    @Test func everyRequestIsAskedForOnceHoweverItIsCut() throws {
        let connection = try connection()
        var count = 0
        connection.log.admission = {
            count += 1
            return Self.admit($0)
        }
        let request =
            "POST /a HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\nContent-Length: 4\r\n\r\nabcd"
        for byte in request.utf8 { try connection.receive(String(UnicodeScalar(byte))) }
        #expect(count == 1 && connection.log.paths == ["/a"])
    }

    @Test func whoIsLetInIsAskedForTheBody() throws {
        let connection = try connection()
        try connection.receive(
            "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\nExpect: 100-continue\r\n"
                + "Content-Length: 1\r\n\r\n"
        )
        #expect(try connection.take() == "HTTP/1.1 100 Continue\r\n\r\n")
        try connection.receive("x")
        #expect(try connection.take().hasPrefix("HTTP/1.1 204 "))
    }

    @Test func aClientCanReadItsRefusalWhileItStillSends() throws {
        try withServer(
            admission: Self.admit,
            answer: { $1.respond(status: 200) }
        ) { server, port in
            let client = try HTTPTestClient(port: port)
            try client.sendRequest(
                "POST",
                "/",
                body: [UInt8](repeating: 0x61, count: 32_000_000)
            )
            let response = try client.readResponse()
            #expect(response.status == 401 && response["connection"] == "close")
            #expect(server.incompleteBodyBytes == 0)
            client.closeSending()
            let rest = try client.readToEnd()
            #expect(rest.isEmpty)
        }
    }
}
