import NIOCore
import QuireHTTP
import Testing

/// Each bound of the parser, at the bound and one above it.
@Suite struct ParserLimitTests {
    /// The last line for the input, which must be the same for every cut.
    private func outcome(
        _ input: String,
        limits: HTTPLimits,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> String? {
        let bytes = Array(input.utf8)
        let whole = parseRequests(bytes, .none, limits: limits)
        for cuts in Cuts.all(bytes) {
            let cut = parseRequests(bytes, cuts, limits: limits)
            #expect(cut == whole, "\(cuts)", sourceLocation: sourceLocation)
        }
        return whole.last
    }

    @Test func theStartLineIsBounded() {
        var limits = HTTPLimits()
        limits.startLineBytes = 16
        let rest = "Host: h\r\n\r\n"
        #expect(outcome("GET / HTTP/1.1\r\n" + rest, limits: limits) == "end")
        #expect(outcome("GET /a HTTP/1.1\r\n" + rest, limits: limits) == "error startLineTooLong")
        let endless = "GET /" + String(repeating: "a", count: 40)
        #expect(outcome(endless, limits: limits) == "error startLineTooLong")
    }

    @Test func theFieldsAreBoundedTogether() {
        var limits = HTTPLimits()
        limits.headerBytes = 18
        let start = "GET / HTTP/1.1\r\nHost: h\r\n"
        #expect(outcome(start + "X: yz\r\n\r\n", limits: limits) == "end")
        #expect(outcome(start + "X: yzz\r\n\r\n", limits: limits) == "error headerTooLarge")
        #expect(outcome(start + "X: yzz and so on", limits: limits) == "error headerTooLarge")
    }

    @Test func theFieldsAreCounted() {
        var limits = HTTPLimits()
        limits.fieldCount = 3
        let start = "GET / HTTP/1.1\r\nHost: h\r\n"
        #expect(outcome(start + "A:\r\nB:\r\n\r\n", limits: limits) == "end")
        #expect(outcome(start + "A:\r\nB:\r\nC:\r\n\r\n", limits: limits) == "error tooManyFields")
    }

    @Test func trailersAreBoundedLikeAHead() {
        var limits = HTTPLimits()
        limits.fieldCount = 2
        limits.headerBytes = 50
        let start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        #expect(outcome(start + "A:\r\nB:\r\n\r\n", limits: limits) == "end")
        #expect(outcome(start + "A:\r\nB:\r\nC:\r\n\r\n", limits: limits) == "error tooManyFields")
        let long = "A: " + String(repeating: "a", count: 60)
        #expect(outcome(start + long, limits: limits) == "error headerTooLarge")
    }

    @Test func chunkExtensionsAreBoundedOverTheWholeBody() {
        var limits = HTTPLimits()
        limits.chunkExtensionBytes = 4
        let start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(outcome(start + "1;aaaa\r\na\r\n0\r\n\r\n", limits: limits) == "end")
        #expect(
            outcome(start + "1;aaaaa\r\na\r\n0\r\n\r\n", limits: limits)
                == "error chunkExtensionTooLong"
        )
        #expect(
            outcome(start + "1;aa\r\na\r\n1;aaa\r\na\r\n0\r\n\r\n", limits: limits)
                == "error chunkExtensionTooLong"
        )
        #expect(
            outcome(start + "1" + String(repeating: " ", count: 9), limits: limits)
                == "error chunkExtensionTooLong"
        )
    }

    @Test func theBodyIsBounded() {
        var limits = HTTPLimits()
        limits.bodyBytes = 4
        let byLength = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: "
        #expect(outcome(byLength + "4\r\n\r\naaaa", limits: limits) == "end")
        #expect(outcome(byLength + "5\r\n\r\naaaaa", limits: limits) == "error bodyTooLarge")
        let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(outcome(chunked + "2\r\naa\r\n2\r\naa\r\n0\r\n\r\n", limits: limits) == "end")
        #expect(outcome(chunked + "2\r\naa\r\n3\r\n", limits: limits) == "error bodyTooLarge")
    }

    @Test func aBodyUntilTheEndIsBounded() {
        var limits = HTTPLimits()
        limits.bodyBytes = 4
        let bytes = Array("HTTP/1.1 200 OK\r\n\r\naaaaa".utf8)
        for cuts in Cuts.all(bytes) + [.none] {
            #expect(
                parseResponses(bytes, cuts, limits: limits)
                    == ["200 OK 1.1 until close close", "body aaaa", "error bodyTooLarge"]
            )
        }
    }

    @Test func theDefaultsTakeAHundredFieldsAnd32Kilobytes() {
        let start = Array("GET / HTTP/1.1\r\nHost: h\r\n".utf8)
        let fields = (1..<100).map { "X-\($0): y\r\n" }.joined()
        #expect(parseRequests(start + Array((fields + "\r\n").utf8), .none).last == "end")
        let oneMore = start + Array((fields + "X: y\r\n\r\n").utf8)
        #expect(parseRequests(oneMore, .none).last == "error tooManyFields")
        // "Host: h", "X: ", two line ends and the empty line take 16 bytes.
        for (count, last) in [(32752, "end"), (32753, "error headerTooLarge")] {
            let value = String(repeating: "a", count: count)
            let bytes = start + Array("X: \(value)\r\n\r\n".utf8)
            for cuts in [Cuts.none, .random(seed: 1), .everywhere] {
                #expect(parseRequests(bytes, cuts).last == last)
            }
        }
    }

    @Test func anInputThatNeverRunsEmptyDoesNotGrow() throws {
        let request = Array(
            "GET / HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "x", count: 900))\r\n\r\n".utf8
        )
        // Each piece ends within a request, so something is always left over.
        let pieces = Array((request + request + request)[100..<request.count + 100])
        var parser = HTTPRequestParser()
        parser.append(ByteBuffer(bytes: request[..<100]))
        var largest = 0
        var count = 0
        for _ in 0..<20_000 {
            parser.append(ByteBuffer(bytes: pieces))
            loop: while true {
                switch try parser.next() {
                case .needMore: break loop
                case .head(let head):
                    count += 1
                    largest = max(largest, head.fields.firstSlice("host")?.storageCapacity ?? .max)
                case .body, .end: break
                }
            }
        }
        #expect(count == 20_000)
        #expect(largest < 64 << 10)
    }
}
