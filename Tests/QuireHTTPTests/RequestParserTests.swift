import NIOCore
import QuireHTTP
import Testing

/// What a stream of bytes must be read as.
struct ParserCase: Sendable, CustomTestStringConvertible {
    let name: String
    let input: String
    let expected: [String]

    init(_ name: String, _ input: String, _ expected: [String]) {
        self.name = name
        self.input = input
        self.expected = expected
    }

    var testDescription: String { name }
}

/// A head with one more field line, and its end.
private func get(_ field: String) -> String { "GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n" }

/// A request with a chunked body of those bytes.
private func chunked(_ body: String) -> String {
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}

/// What is read of the head that `chunked` writes.
private let chunkedHead = "POST / @h 1.1 chunked | Host: h | Transfer-Encoding: chunked"

@Suite struct RequestParserTests {
    static let accepted: [ParserCase] = [
        .init(
            "simple",
            "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            ["GET / @h 1.1 empty | Host: h", "end"]
        ),
        .init(
            "query and port",
            "GET /a/b%20c?x=1&y=? HTTP/1.1\r\nHost: h:80\r\n\r\n",
            ["GET /a/b%20c ?x=1&y=? @h:80 1.1 empty | Host: h:80", "end"]
        ),
        .init(
            "empty host, empty query",
            "GET /? HTTP/1.1\r\nHost:\r\n\r\n",
            ["GET / ? @ 1.1 empty | Host: ", "end"]
        ),
        .init(
            "IPv6 host",
            "GET / HTTP/1.1\r\nhost: [::1]:8000\r\n\r\n",
            ["GET / @[::1]:8000 1.1 empty | host: [::1]:8000", "end"]
        ),
        .init(
            "absolute target wins over Host",
            "GET http://a.b:1/p?q HTTP/1.1\r\nHost: other\r\n\r\n",
            ["GET /p ?q @a.b:1 1.1 empty | Host: other", "end"]
        ),
        .init(
            "absolute target without a path",
            "GET HTTPS://a?q HTTP/1.1\r\nHost: a\r\n\r\n",
            ["GET / ?q @a 1.1 empty | Host: a", "end"]
        ),
        .init(
            "asterisk",
            "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
            ["OPTIONS * @h 1.1 empty | Host: h", "end"]
        ),
        .init(
            "an unknown method is a token",
            "M-SEARCH! / HTTP/1.1\r\nHost: h\r\n\r\n",
            ["M-SEARCH! / @h 1.1 empty | Host: h", "end"]
        ),
        .init("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", ["GET / @- 1.0 empty close", "end"]),
        .init(
            "1.0 kept alive",
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            ["GET / @- 1.0 empty | Connection: Keep-Alive", "end"]
        ),
        .init(
            "close among tokens",
            get("Connection: x, ,CLOSE"),
            ["GET / @h 1.1 empty close | Host: h | Connection: x, ,CLOSE", "end"]
        ),
        .init(
            "two Connection fields",
            get("Connection: keep-alive\r\nConnection: close"),
            [
                "GET / @h 1.1 empty close | Host: h | Connection: keep-alive | Connection: close",
                "end",
            ]
        ),
        .init(
            "closed is not close",
            get("Connection: closed"),
            ["GET / @h 1.1 empty | Host: h | Connection: closed", "end"]
        ),
        .init(
            "h2c upgrade is a plain request",
            get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA"),
            [
                "GET / @h 1.1 empty | Host: h | Connection: Upgrade, HTTP2-Settings"
                    + " | Upgrade: h2c | HTTP2-Settings: AAEA",
                "end",
            ]
        ),
        .init(
            "white space around a value",
            get("X: \t a b \t "),
            ["GET / @h 1.1 empty | Host: h | X: a b", "end"]
        ),
        .init("empty value", get("X:"), ["GET / @h 1.1 empty | Host: h | X: ", "end"]),
        .init(
            "high bytes in a value",
            get("X: é"),
            ["GET / @h 1.1 empty | Host: h | X: é", "end"]
        ),
        .init(
            "body by length",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
            ["POST / @h 1.1 length 5 | Host: h | Content-Length: 5", "body hello", "end"]
        ),
        .init(
            "body on GET",
            get("Content-Length: 2") + "ab",
            ["GET / @h 1.1 length 2 | Host: h | Content-Length: 2", "body ab", "end"]
        ),
        .init(
            "length zero",
            get("content-length: 000"),
            ["GET / @h 1.1 length 0 | Host: h | content-length: 000", "end"]
        ),
        .init(
            "equal lengths twice",
            get("Content-Length: 1\r\nContent-Length: 01") + "a",
            [
                "GET / @h 1.1 length 1 | Host: h | Content-Length: 1 | Content-Length: 01",
                "body a", "end",
            ]
        ),
        .init(
            "chunks",
            chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
            [chunkedHead, "body abcde", "end"]
        ),
        .init("no chunks", chunked("0\r\n\r\n"), [chunkedHead, "end"]),
        .init(
            "chunk extensions, hex, zeros",
            chunked("000A ;x=\"y\"\r\n0123456789\r\n00;z\r\n\r\n"),
            [chunkedHead, "body 0123456789", "end"]
        ),
        .init(
            "trailers are dropped",
            chunked("1\r\na\r\n0\r\nX: y\r\nContent-Type: z\r\n\r\n"),
            [chunkedHead, "body a", "end"]
        ),
        .init(
            "chunked in other letters",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:  ChunkeD \r\n\r\n0\r\n\r\n",
            ["POST / @h 1.1 chunked | Host: h | Transfer-Encoding: ChunkeD", "end"]
        ),
        .init(
            "expects",
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
            [
                "POST / @h 1.1 length 1 expect | Host: h | Expect: 100-Continue | Content-Length: 1",
                "body x", "end",
            ]
        ),
        .init(
            "pipelined",
            "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n" + chunked("1\r\na\r\n0\r\n\r\n")
                + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
            [
                "GET /1 @h 1.1 empty | Host: h", "end", chunkedHead, "body a", "end",
                "GET /2 @h 1.1 empty | Host: h", "end",
            ]
        ),
        .init(
            "empty lines before a request",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            ["GET / @h 1.1 empty | Host: h", "end", "GET / @h 1.1 empty | Host: h", "end"]
        ),
        .init("cut in a head", "GET / HTTP/1.1\r\nHost: h\r\n\r", []),
        .init(
            "cut in a body",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
            ["POST / @h 1.1 length 5 | Host: h | Content-Length: 5", "body hell", "…"]
        ),
        .init("cut in a chunk", chunked("5\r\nab"), [chunkedHead, "body ab", "…"]),
    ]

    /// Inputs that must be refused at their head.
    static let refusedHeads: [ParserCase] = [
        .init("no Host", "GET / HTTP/1.1\r\n\r\n", ["missingHost"]),
        .init("two Hosts", get("Host: h"), ["duplicateHost"]),
        .init(
            "two Hosts, absolute target",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
            ["duplicateHost"]
        ),
        .init("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ["invalidHost"]),
        .init("Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", ["invalidHost"]),
        .init("Host list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ["invalidHost"]),
        .init("Host port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", ["invalidHost"]),
        .init("Host two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", ["invalidHost"]),
        .init("Host bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", ["invalidHost"]),
        .init("Host empty bracket", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", ["invalidHost"]),
        .init(
            "CL and TE",
            get("Content-Length: 1\r\nTransfer-Encoding: chunked"),
            ["contentLengthWithTransferEncoding"]
        ),
        .init(
            "TE and CL",
            get("Transfer-Encoding: chunked\r\nContent-Length: 0"),
            ["contentLengthWithTransferEncoding"]
        ),
        .init(
            "TE identity, chunked",
            get("Transfer-Encoding: identity, chunked"),
            ["transferEncodingNotSupported"]
        ),
        .init(
            "TE chunked, identity",
            get("Transfer-Encoding: chunked, identity"),
            ["transferEncodingNotSupported"]
        ),
        .init(
            "TE chunked, chunked",
            get("Transfer-Encoding: chunked, chunked"),
            ["transferEncodingNotSupported"]
        ),
        .init(
            "TE gzip, chunked",
            get("Transfer-Encoding: gzip, chunked"),
            ["transferEncodingNotSupported"]
        ),
        .init("TE identity", get("Transfer-Encoding: identity"), ["transferEncodingNotSupported"]),
        .init("TE xchunked", get("Transfer-Encoding: xchunked"), ["transferEncodingNotSupported"]),
        .init("TE empty", get("Transfer-Encoding:"), ["transferEncodingNotSupported"]),
        .init("TE vertical tab", get("Transfer-Encoding: \u{b}chunked"), ["invalidFieldValue"]),
        .init(
            "TE twice",
            get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            ["duplicateTransferEncoding"]
        ),
        .init(
            "TE twice, other first",
            get("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
            ["transferEncodingNotSupported"]
        ),
        .init(
            "TE in 1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            ["transferEncodingInHTTP10"]
        ),
        .init("CL list", get("Content-Length: 5, 5"), ["invalidContentLength"]),
        .init("CL plus", get("Content-Length: +5"), ["invalidContentLength"]),
        .init("CL minus", get("Content-Length: -5"), ["invalidContentLength"]),
        .init("CL empty", get("Content-Length:"), ["invalidContentLength"]),
        .init("CL hex", get("Content-Length: 0x5"), ["invalidContentLength"]),
        .init("CL space", get("Content-Length: 5 5"), ["invalidContentLength"]),
        .init("CL point", get("Content-Length: 5.0"), ["invalidContentLength"]),
        .init("CL other digits", get("Content-Length: ٥"), ["invalidContentLength"]),
        .init("CL above Int", get("Content-Length: 9223372036854775808"), ["invalidContentLength"]),
        .init(
            "CL above UInt64",
            get("Content-Length: 18446744073709551617"),
            ["invalidContentLength"]
        ),
        .init("CL above the bound", get("Content-Length: 9223372036854775807"), ["bodyTooLarge"]),
        .init(
            "CL twice",
            get("Content-Length: 5\r\nContent-Length: 6"),
            ["conflictingContentLength"]
        ),
        .init("bare LF after the start line", "GET / HTTP/1.1\nHost: h\r\n\r\n", ["bareLineFeed"]),
        .init("bare LF after a field", "GET / HTTP/1.1\r\nHost: h\n\r\n", ["bareLineFeed"]),
        .init("bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n", ["bareLineFeed"]),
        .init("bare LF first", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", ["malformedStartLine"]),
        .init("bare CR in a value", get("X: a\rb"), ["invalidFieldValue"]),
        .init("bare CR in a name", get("X\rY: a"), ["invalidFieldName"]),
        .init(
            "bare CR in the start line",
            "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n",
            ["invalidTarget"]
        ),
        .init("CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", ["invalidFieldValue"]),
        .init("CR first", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", ["malformedStartLine"]),
        .init(
            "three empty lines",
            "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            ["malformedStartLine"]
        ),
        .init("obs-fold with a space", get("X: a\r\n b"), ["foldedField"]),
        .init("obs-fold with a tab", get("X: a\r\n\tb: c"), ["foldedField"]),
        .init("obs-fold first", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", ["foldedField"]),
        .init("space before the colon", get("X : a"), ["spaceBeforeColon"]),
        .init("tab before the colon", get("X\t: a"), ["spaceBeforeColon"]),
        .init("CL with a space before the colon", get("Content-Length : 5"), ["spaceBeforeColon"]),
        .init("space in a name", get("X Y: a"), ["invalidFieldName"]),
        .init("no colon", get("X"), ["invalidFieldName"]),
        .init("no name", get(": a"), ["invalidFieldName"]),
        .init("NUL in a value", get("X: a\0b"), ["invalidFieldValue"]),
        .init("NUL in a name", get("X\0: a"), ["invalidFieldName"]),
        .init("NUL in the target", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init("DEL in a value", get("X: \u{7f}"), ["invalidFieldValue"]),
        .init("fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init("raw UTF-8 in the target", "GET /é HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init("no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", ["malformedStartLine"]),
        .init("two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init(
            "two spaces before the version",
            "GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
            ["malformedVersion"]
        ),
        .init("tab instead of space", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidMethod"]),
        .init("space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", ["malformedVersion"]),
        .init("HTTP/0.9", "GET /\r\n\r\n", ["malformedStartLine"]),
        .init("HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", ["versionNotSupported"]),
        .init("HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", ["versionNotSupported"]),
        .init("HTTP/1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", ["malformedVersion"]),
        .init("http/1.1", "GET / http/1.1\r\nHost: h\r\n\r\n", ["malformedVersion"]),
        .init("HTTP/1,1", "GET / HTTP/1,1\r\nHost: h\r\n\r\n", ["malformedVersion"]),
        .init("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["versionNotSupported"]),
        .init("TLS", "\u{16}\u{3}\u{1}\u{2}", ["malformedStartLine"]),
        .init("asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init("authority with GET", "GET a:80 HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init("relative target", "GET a/b HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init("other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: h\r\n\r\n", ["invalidTarget"]),
        .init(
            "absolute without a host",
            "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
            ["invalidHost"]
        ),
        .init(
            "absolute with a user",
            "GET http://u:p@a/ HTTP/1.1\r\nHost: h\r\n\r\n",
            ["invalidHost"]
        ),
        .init("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", ["connectNotSupported"]),
        .init("unknown expectation", get("Expect: coffee"), ["unknownExpectation"]),
    ]

    /// Chunked bodies that must be refused, after which bytes of the body.
    static let refusedBodies: [ParserCase] = [
        .init("no size", "\r\n", ["invalidChunkSize"]),
        .init("sign", "+1\r\na\r\n", ["invalidChunkSize"]),
        .init("minus", "-1\r\na\r\n", ["invalidChunkSize"]),
        .init("0x", "0x1\r\na\r\n", ["invalidChunkSize"]),
        .init("space before the size", " 1\r\na\r\n", ["invalidChunkSize"]),
        .init("underscore", "1_0\r\na\r\n", ["invalidChunkSize"]),
        .init("17 digits", "00000000000000001\r\na\r\n", ["invalidChunkSize"]),
        .init("overflow", "ffffffffffffffff\r\na\r\n", ["invalidChunkSize"]),
        .init("negative as Int", "8000000000000000\r\na\r\n", ["invalidChunkSize"]),
        .init("above the bound", "7fffffffffffffff\r\na\r\n", ["bodyTooLarge"]),
        .init("bare LF after the size", "1\na\r\n", ["invalidChunkSize"]),
        .init("bare CR after the size", "1\ra\r\n", ["invalidChunkSize"]),
        .init("LF in an extension", "1;a\nb\r\na\r\n", ["invalidChunkSize"]),
        .init("NUL in an extension", "1;a\0b\r\na\r\n", ["invalidChunkSize"]),
        .init("CR in an extension", "1;a\rb\r\na\r\n", ["invalidChunkSize"]),
        .init("longer than its size", "1\r\nab\r\n", ["body a", "invalidChunk"]),
        .init("shorter than its size", "3\r\na\r\n0\r\n\r\n", ["body a\r\n", "invalidChunk"]),
        .init("LF after the data", "1\r\na\n0\r\n\r\n", ["body a", "invalidChunk"]),
        .init("word after the size", "1 a\r\na\r\n", ["invalidChunkSize"]),
        .init("folded trailer", "0\r\nX: y\r\n z\r\n\r\n", ["foldedField"]),
        .init("malformed trailer", "0\r\nX\r\n\r\n", ["invalidFieldName"]),
        .init("bare LF at the end", "0\r\n\n", ["bareLineFeed"]),
        .init("two Hosts in trailers", "0\r\nHost: a\r\nHost: b\r\n\r\n", ["duplicateHost"]),
    ]

    @Test(arguments: accepted)
    func aGoodStreamIsReadTheSameForEveryCut(_ item: ParserCase) {
        let bytes = Array(item.input.utf8)
        #expect(parseRequests(bytes, .none) == item.expected)
        for cuts in Cuts.all(bytes) {
            let found = parseRequests(bytes, cuts)
            #expect(found == item.expected, "\(cuts)")
            if found != item.expected { return }
        }
    }

    @Test(arguments: refusedHeads)
    func aBadHeadIsRefusedTheSameForEveryCut(_ item: ParserCase) {
        let bytes = Array(item.input.utf8)
        let expected = item.expected.map { "error \($0)" }
        #expect(parseRequests(bytes, .none) == expected)
        for cuts in Cuts.all(bytes) {
            let found = parseRequests(bytes, cuts)
            #expect(found == expected, "\(cuts)")
            if found != expected { return }
        }
    }

    @Test(arguments: refusedBodies)
    func aBadChunkedBodyIsRefusedTheSameForEveryCut(_ item: ParserCase) {
        let bytes = Array(chunked(item.input).utf8)
        let expected =
            [chunkedHead] + item.expected.dropLast() + item.expected.suffix(1).map { "error \($0)" }
        #expect(parseRequests(bytes, .none) == expected)
        for cuts in Cuts.all(bytes) {
            let found = parseRequests(bytes, cuts)
            #expect(found == expected, "\(cuts)")
            if found != expected { return }
        }
    }

    @Test func everyErrorHasAStatusOfTheClientAndASentence() {
        let errors: [HTTPParseError] = [
            .startLineTooLong, .headerTooLarge, .bodyTooLarge, .versionNotSupported, .missingHost,
            .unknownExpectation, .transferEncodingNotSupported, .tooManyFields,
        ]
        #expect(errors.map(\.status) == [414, 431, 413, 505, 400, 417, 501, 431])
        for error in errors { #expect(error.sentence.hasSuffix(".")) }
    }

    @Test func anErrorIsReportedForEver() throws {
        var parser = HTTPRequestParser()
        parser.append(.init(string: "BAD\r\n\r\n"))
        for _ in 0..<3 {
            #expect(throws: HTTPParseError.malformedStartLine) { try parser.next() }
            parser.append(.init(string: "GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
        }
    }
}
