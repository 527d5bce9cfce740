import NIOCore
import QuireHTTP
import Testing

/// Responses, the methods of the requests they answer, and how they must be read.
struct ResponseCase: Sendable, CustomTestStringConvertible {
    let name: String
    var methods: [String] = []
    let input: String
    var isClosed = false
    let expected: [String]

    var testDescription: String { name }
}

@Suite struct ResponseParserTests {
    static let cases: [ResponseCase] = [
        ResponseCase(
            name: "length",
            input: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
            expected: ["200 OK 1.1 length 2 | Content-Length: 2", "body ab", "end"]
        ),
        ResponseCase(
            name: "chunks and trailers",
            input:
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n2\r\nbc\r\n0\r\nT: u\r\n\r\n",
            expected: ["200 OK 1.1 chunked | Transfer-Encoding: chunked", "body abc", "end"]
        ),
        ResponseCase(
            name: "until close",
            input: "HTTP/1.1 200 OK\r\n\r\nabc",
            isClosed: true,
            expected: ["200 OK 1.1 until close close", "body abc", "end"]
        ),
        ResponseCase(
            name: "until close, nothing",
            input: "HTTP/1.0 200 OK\r\n\r\n",
            isClosed: true,
            expected: ["200 OK 1.0 until close close", "end"]
        ),
        ResponseCase(
            name: "until close, still open",
            input: "HTTP/1.1 200 OK\r\n\r\nabc",
            expected: ["200 OK 1.1 until close close", "body abc", "…"]
        ),
        ResponseCase(
            name: "1.0 with a length",
            input: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
            expected: ["200 OK 1.0 length 1 close | Content-Length: 1", "body a", "end"]
        ),
        ResponseCase(
            name: "1.0 kept alive",
            input: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
            expected: ["200 OK 1.0 length 0 | Connection: keep-alive | Content-Length: 0", "end"]
        ),
        ResponseCase(
            name: "close",
            input: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            expected: ["200 OK 1.1 length 0 close | Connection: close | Content-Length: 0", "end"]
        ),
        ResponseCase(
            name: "HEAD has no body",
            methods: ["HEAD", "GET"],
            input:
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            expected: [
                "200 OK 1.1 empty | Content-Length: 9", "end",
                "200 OK 1.1 length 1 | Content-Length: 1", "body a", "end",
            ]
        ),
        ResponseCase(
            name: "HEAD with chunks announced, without a length",
            methods: ["HEAD", "HEAD"],
            input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            expected: [
                "200 OK 1.1 empty | Transfer-Encoding: chunked", "end", "200 OK 1.1 empty", "end",
            ]
        ),
        ResponseCase(
            name: "204 and 304 have no body",
            input:
                "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
            expected: [
                "204 No Content 1.1 empty | Content-Length: 5", "end",
                "304 Not Modified 1.1 empty | Content-Length: 9", "end",
            ]
        ),
        ResponseCase(
            name: "informational heads come before the answer",
            input:
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            expected: [
                "100 Continue 1.1 empty", "103 Early Hints 1.1 empty | Link: x",
                "200 OK 1.1 length 1 | Content-Length: 1", "body a", "end",
            ]
        ),
        ResponseCase(
            name: "informational heads do not answer a HEAD",
            methods: ["HEAD"],
            input: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
            expected: ["100 Continue 1.1 empty", "200 OK 1.1 empty | Content-Length: 1", "end"]
        ),
        ResponseCase(
            name: "101 ends HTTP",
            input: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            expected: ["101 Switching Protocols 1.1 empty close | Upgrade: x", "end"]
        ),
        ResponseCase(
            name: "no reason",
            input:
                "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\nHTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n",
            expected: [
                "200  1.1 length 0 | Content-Length: 0", "end",
                "599  1.1 length 0 | Content-Length: 0",
                "end",
            ]
        ),
        ResponseCase(
            name: "two equal lengths",
            input: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            expected: [
                "200 OK 1.1 length 1 | Content-Length: 1 | Content-Length: 1", "body a", "end",
            ]
        ),
        ResponseCase(
            name: "closed in a head",
            input: "HTTP/1.1 200 OK\r\nContent-Le",
            isClosed: true,
            expected: ["error truncated"]
        ),
        ResponseCase(
            name: "closed in a body",
            input: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            isClosed: true,
            expected: ["200 OK 1.1 length 3 | Content-Length: 3", "body ab", "error truncated"]
        ),
        ResponseCase(
            name: "closed before the last chunk",
            input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            isClosed: true,
            expected: [
                "200 OK 1.1 chunked | Transfer-Encoding: chunked", "body ab", "error truncated",
            ]
        ),
        ResponseCase(
            name: "closed after 100",
            input: "HTTP/1.1 100 Continue\r\n\r\n",
            isClosed: true,
            expected: ["100 Continue 1.1 empty"]
        ),
        ResponseCase(name: "closed before anything", input: "", isClosed: true, expected: []),
        ResponseCase(
            name: "two lengths",
            input: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            expected: ["error conflictingContentLength"]
        ),
        ResponseCase(
            name: "length and chunks",
            input: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            expected: ["error contentLengthWithTransferEncoding"]
        ),
        ResponseCase(
            name: "other coding",
            input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            expected: ["error transferEncodingNotSupported"]
        ),
        ResponseCase(
            name: "chunks in 1.0",
            input: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            expected: ["error transferEncodingInHTTP10"]
        ),
        ResponseCase(
            name: "length above the bound",
            input: "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
            expected: ["error bodyTooLarge"]
        ),
        ResponseCase(
            name: "status 99",
            input: "HTTP/1.1 099 x\r\n\r\n",
            expected: ["error invalidStatus"]
        ),
        ResponseCase(
            name: "status 600",
            input: "HTTP/1.1 600 x\r\n\r\n",
            expected: ["error invalidStatus"]
        ),
        ResponseCase(
            name: "status words",
            input: "HTTP/1.1 OK x\r\n\r\n",
            expected: ["error invalidStatus"]
        ),
        ResponseCase(
            name: "status of four digits",
            input: "HTTP/1.1 2000 x\r\n\r\n",
            expected: ["error malformedStartLine"]
        ),
        ResponseCase(
            name: "short",
            input: "HTTP/1.1 20\r\n\r\n",
            expected: ["error malformedStartLine"]
        ),
        ResponseCase(
            name: "a control character in the reason",
            input: "HTTP/1.1 200 O\u{1}\r\n\r\n",
            expected: ["error malformedStartLine"]
        ),
        ResponseCase(
            name: "version 2",
            input: "HTTP/2.0 200 OK\r\n\r\n",
            expected: ["error versionNotSupported"]
        ),
        ResponseCase(
            name: "not HTTP",
            input: "SSH-2.0-OpenSSH_9\r\n\r\n",
            expected: ["error malformedStartLine"]
        ),
        ResponseCase(
            name: "bare LF",
            input: "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
            expected: ["error bareLineFeed"]
        ),
        ResponseCase(
            name: "fold",
            input: "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
            expected: ["error foldedField"]
        ),
    ]

    @Test(arguments: cases)
    func responsesAreReadTheSameForEveryCut(_ item: ResponseCase) {
        let bytes = Array(item.input.utf8)
        for cuts in [.none] + Cuts.all(bytes) {
            let found = parseResponses(bytes, cuts, methods: item.methods, isClosed: item.isClosed)
            #expect(found == item.expected, "\(cuts)")
            if found != item.expected { return }
        }
    }

    @Test func theParserKnowsWhenAConnectionCanBeReused() throws {
        var parser = HTTPResponseParser()
        #expect(parser.isBetweenResponses)
        parser.append(ByteBuffer(string: "HTTP/1.1 204 \r\n"))
        guard case .needMore = try parser.next() else { throw Unexpected() }
        #expect(!parser.isBetweenResponses)
        parser.append(ByteBuffer(string: "\r\nx"))
        guard case .head = try parser.next(), case .end = try parser.next() else {
            throw Unexpected()
        }
        // A byte that nobody asked for: not to be reused.
        #expect(!parser.isBetweenResponses)
        #expect(parser.bufferedBytes == 1)
    }

    private struct Unexpected: Error {}
}
