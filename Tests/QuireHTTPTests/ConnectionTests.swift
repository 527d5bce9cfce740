import NIOCore
import QuireHTTP
import Testing

private let getRequest = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
private let dateLine = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

/// One connection on a virtual clock: order, framing of answers, and reading ahead.
@Suite struct ConnectionTests {
    @Test func aWholeAnswerIsOneWrite() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        connection.log.streams[0].respond(
            status: 200,
            headers: [("content-type", "text/plain")],
            body: ByteBuffer(string: "hi")
        )
        #expect(
            try connection.takeWrites() == [
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\(dateLine)\r\nhi"
            ]
        )
        #expect(connection.isOpen)
    }

    @Test func chunksGoOutAtEachFlush() throws {
        let connection = try VirtualConnection { $0.serverName = "quire" }
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200)
        #expect(try connection.takeWrites() == [])
        stream.writeChunk { $0.writeString("one") }
        stream.writeChunk { _ in }
        stream.flush()
        stream.write(ByteBuffer(string: "two"))
        stream.writeChunk { $0.writeString("three") }
        stream.flush()
        stream.flush()
        stream.end()
        #expect(
            try connection.takeWrites() == [
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nserver: quire\r\n\(dateLine)\r\n"
                    + "00000003\r\none\r\n",
                "00000003\r\ntwo\r\n00000005\r\nthree\r\n",
                "0\r\n\r\n",
            ]
        )
    }

    @Test func pipelinedRequestsAreAnsweredOneAfterTheOther() throws {
        let connection = try VirtualConnection()
        try connection.receive(
            "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HT"
        )
        #expect(connection.log.paths == ["/1"])
        connection.log.streams[0].respond(status: 204)
        #expect(connection.log.paths == ["/1", "/2"])
        try connection.receive("TP/1.1\r\nHost: h\r\n\r\n")
        #expect(connection.log.paths == ["/1", "/2"])
        connection.log.streams[1].respond(status: 204)
        #expect(connection.log.paths == ["/1", "/2", "/3"])
    }

    @Test func answersGivenAtOnceGoOutTogether() throws {
        let connection = try VirtualConnection()
        connection.log.answer = { $1.respond(status: 204) }
        try connection.receive(String(repeating: getRequest, count: 50))
        let writes = try connection.takeWrites()
        #expect(writes.count == 1)
        #expect(writes[0].components(of: "HTTP/1.1 204") == 50)
    }

    @Test func aFloodOfRequestsWaitsInTheSocket() throws {
        let connection = try VirtualConnection { $0.maxPipelinedBytes = 100 }
        try connection.receive(getRequest)
        let before = connection.readCount
        for _ in 0..<10 { try connection.receive(getRequest) }
        // 29 bytes each: after the fourth, nothing more is asked for until an answer is out.
        #expect(connection.readCount == before + 3)
        for index in 0..<11 { connection.log.streams[index].respond(status: 204) }
        #expect(connection.readCount > before + 3)
        #expect(connection.log.paths.count == 11)
    }

    @Test func nothingIsReadForAClientWhoDoesNotReadItsAnswers() throws {
        let connection = try VirtualConnection()
        connection.log.answer = { $1.respond(status: 204) }
        try connection.receive(getRequest)
        connection.setWritable(false)
        let before = connection.readCount
        try connection.receive(getRequest)
        #expect(connection.readCount == before)
        #expect(connection.log.paths.count == 1)
        connection.setWritable(true)
        #expect(connection.log.paths.count == 2)
        #expect(connection.readCount == before + 1)
    }

    @Test func aStreamKnowsWhetherItsClientKeepsUp() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        var resumed = 0
        stream.onWritable = { resumed += 1 }
        stream.writeHead(status: 200)
        stream.flush()
        #expect(stream.isWritable && stream.pendingBytes == 0)
        connection.setWritable(false)
        stream.writeChunk { $0.writeString("abc") }
        stream.flush()
        #expect(!stream.isWritable)
        #expect(stream.pendingBytes >= 15)
        _ = try connection.take()
        connection.setWritable(true)
        #expect(resumed == 1)
        #expect(try connection.take() == "00000003\r\nabc\r\n")
        #expect(stream.isWritable && stream.pendingBytes == 0)
    }

    @Test func continueIsSaidOnlyToAClientWhoWaits() throws {
        let connection = try VirtualConnection()
        let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        try connection.receive(head)
        #expect(try connection.take() == "HTTP/1.1 100 Continue\r\n\r\n")
        try connection.receive("ab")
        #expect(connection.log.requests[0].body == ByteBuffer(string: "ab"))
        connection.log.streams[0].respond(status: 204)
        _ = try connection.take()
        try connection.receive(head + "cd")
        #expect(try connection.take() == "")
        #expect(connection.log.requests[1].body == ByteBuffer(string: "cd"))
    }

    @Test func aBodyThatIsTooLargeIsRefusedBeforeItIsSent() throws {
        let connection = try VirtualConnection { $0.limits.bodyBytes = 10 }
        try connection.receive(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"
        )
        #expect(try connection.take().hasPrefix("HTTP/1.1 413 "))
        #expect(connection.isOutputClosed)
        #expect(connection.log.requests.isEmpty)
    }

    @Test func incompleteBodiesAreBoundedTogether() throws {
        let connection = try VirtualConnection { $0.maxBodyBytesTogether = 10 }
        connection.log.answer = { $1.respond(status: 204) }
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n"
        // Complete ones count no more.
        for _ in 0..<3 { try connection.receive(head + "abcdefgh") }
        #expect(connection.log.requests.count == 3)
        #expect(connection.loop.counts.bodyBytes == 0)
        try connection.receive(head + "abc")
        #expect(connection.loop.counts.bodyBytes == 3)
        _ = connection.loop.counts.addBodyBytes(5)
        _ = try connection.take()
        try connection.receive("def")
        #expect(try connection.take().hasPrefix("HTTP/1.1 503 "))
        #expect(connection.loop.counts.bodyBytes == 5)
    }

    @Test func aRefusalHasTheConfiguredBodyAndCloses() throws {
        let connection = try VirtualConnection {
            $0.errorBody = {
                HTTPErrorBody(
                    contentType: "application/json",
                    bytes: ByteBuffer(string: "{\"\($0)\":\"\($1)\"}")
                )
            }
        }
        try connection.receive("GET / HTTP/1.1\r\n\r\n" + getRequest)
        let body = "{\"400\":\"The Host field is missing.\"}"
        #expect(
            try connection.take()
                == "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
                + "content-length: \(body.utf8.count)\r\nconnection: close\r\n\(dateLine)\r\n\(body)"
        )
        #expect(connection.isOutputClosed)
        #expect(connection.log.requests.isEmpty)
    }

    @Test func aRefusalComesAfterTheAnswersBeforeIt() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest + "BAD\r\n\r\n")
        #expect(try connection.take() == "")
        connection.log.streams[0].respond(status: 204)
        let text = try connection.take()
        #expect(text.hasPrefix("HTTP/1.1 204 No Content\r\n"))
        #expect(text.components(of: "HTTP/1.1 400 Bad Request\r\n") == 1)
    }

    @Test(arguments: [
        ("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 200, "content-length: 2\r\n", ""),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 204, "", ""),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 304, "", ""),
        (
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200,
            "content-length: 2\r\nconnection: close\r\n", "ab"
        ),
        ("GET / HTTP/1.0\r\n\r\n", 200, "content-length: 2\r\nconnection: close\r\n", "ab"),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200,
            "content-length: 2\r\nconnection: keep-alive\r\n", "ab"
        ),
    ])
    func theHeadSaysHowTheAnswerEnds(
        _ request: String,
        _ status: Int,
        _ fields: String,
        _ body: String
    ) throws {
        let connection = try VirtualConnection()
        try connection.receive(request)
        connection.log.streams[0].respond(status: status, body: ByteBuffer(string: "ab"))
        let text = try connection.take()
        let head = text.drop { $0 != "\r\n" }.dropFirst()
        #expect(head == fields + dateLine + "\r\n" + body)
        #expect(connection.isOpen != fields.contains("close"))
    }

    @Test func aStreamToAnOldClientEndsWithTheConnection() throws {
        let connection = try VirtualConnection()
        try connection.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200)
        stream.writeChunk { $0.writeString("a") }
        stream.write(ByteBuffer(string: "b"))
        stream.end()
        #expect(
            try connection.take() == "HTTP/1.1 200 OK\r\nconnection: close\r\n\(dateLine)\r\nab"
        )
        #expect(!connection.isOpen)
    }

    @Test func aBodyLongerThanItsLengthIsCut() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200, contentLength: 3)
        stream.writeChunk { $0.writeString("ab") }
        stream.writeChunk { $0.writeString("cd") }
        stream.write(ByteBuffer(string: "ef"))
        stream.end()
        #expect(try connection.take().hasSuffix("\r\n\r\nabc"))
        #expect(connection.isOpen)
    }

    @Test func aBodyShorterThanItsLengthCutsTheConnection() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200, contentLength: 3)
        stream.write(ByteBuffer(string: "ab"))
        stream.end()
        #expect(!connection.isOpen)
    }

    @Test func onDisconnectIsCalledOnceAndOnlyIfTheAnswerHasNotEnded() throws {
        var count = 0
        let left = try VirtualConnection()
        try left.receive(getRequest)
        left.log.streams[0].onDisconnect = { count += 1 }
        left.log.streams[0].writeHead(status: 200)
        left.disconnect()
        #expect(count == 1)
        #expect(left.log.streams[0].isClosed)

        let ended = try VirtualConnection()
        try ended.receive(getRequest)
        ended.log.streams[0].onDisconnect = { count += 1 }
        ended.log.streams[0].respond(status: 204)
        ended.disconnect()
        #expect(count == 1)
    }

    @Test func afterTheEndEveryCallDoesNothing() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.respond(status: 204)
        _ = try connection.take()
        stream.respond(status: 500)
        stream.writeHead(status: 500)
        stream.writeChunk { $0.writeString("a") }
        stream.write(ByteBuffer(string: "a"))
        stream.flush()
        stream.end()
        stream.abort()
        #expect(try connection.take() == "")
        #expect(connection.isOpen && stream.isClosed && !stream.isWritable)
    }

    @Test func aStreamHasOneHead() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeChunk { $0.writeString("too early") }
        stream.end()
        #expect(!stream.hasBegun)
        stream.writeHead(status: 200)
        #expect(stream.hasBegun)
        stream.writeHead(status: 500)
        stream.respond(status: 500)
        stream.end()
        let text = try connection.take()
        #expect(text.components(of: "HTTP/1.1") == 1)
        #expect(text.hasSuffix("\r\n\r\n0\r\n\r\n"))
    }
}

/// What a client may take its time over, on the virtual clock.
@Suite struct TimeLimitTests {
    @Test func aHeadHasToComeInTimeHoweverItComes() throws {
        let connection = try VirtualConnection { $0.headerTimeout = .seconds(10) }
        try connection.receive("GET / HTTP/1.1\r\n")
        for _ in 0..<9 {
            connection.advance(.seconds(1))
            try connection.receive("X: y\r\n")
        }
        #expect(try connection.take() == "")
        connection.advance(.seconds(1) + .milliseconds(200))
        #expect(try connection.take().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(connection.isOutputClosed)
    }

    @Test func anEmptyLineBeginsARequest() throws {
        let connection = try VirtualConnection { $0.headerTimeout = .seconds(1) }
        try connection.receive("\r\n")
        connection.advance(.seconds(2))
        #expect(try connection.take().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func aBodyThatStopsIsRefused() throws {
        let connection = try VirtualConnection { $0.bodyTimeout = .seconds(10) }
        try connection.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nab")
        connection.advance(.seconds(9))
        #expect(try connection.take() == "")
        connection.advance(.seconds(2))
        #expect(try connection.take().hasPrefix("HTTP/1.1 408 "))
        #expect(connection.log.requests.isEmpty)
    }

    @Test func aBodyThatDripsIsRefused() throws {
        let connection = try VirtualConnection {
            $0.bodyTimeout = .seconds(10)
            $0.bodyProgressBytes = 100
        }
        try connection.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
        for _ in 0..<9 {
            connection.advance(.seconds(1))
            try connection.receive("a")
        }
        connection.advance(.seconds(2))
        #expect(try connection.take().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func aBodyThatFlowsMayTakeLong() throws {
        let connection = try VirtualConnection {
            $0.bodyTimeout = .seconds(10)
            $0.bodyProgressBytes = 100
        }
        try connection.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
        for _ in 0..<20 {
            connection.advance(.seconds(4))
            try connection.receive(String(repeating: "a", count: 50))
        }
        #expect(connection.log.requests.count == 1)
        #expect(connection.log.requests[0].body.readableBytes == 1000)
    }

    @Test func anIdleConnectionIsClosedWithoutAWord() throws {
        let connection = try VirtualConnection { $0.idleTimeout = .seconds(75) }
        connection.log.answer = { $1.respond(status: 204) }
        connection.advance(.seconds(70))
        try connection.receive(getRequest)
        _ = try connection.take()
        connection.advance(.seconds(74))
        #expect(connection.isOpen)
        connection.advance(.seconds(2))
        #expect(!connection.isOpen)
        #expect(try connection.take() == "")
    }

    @Test func anAnswerMayTakeAsLongAsItNeeds() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest + "GET /b")
        connection.advance(.minutes(10))
        #expect(connection.isOpen)
        connection.log.streams[0].respond(status: 204)
        #expect(try connection.take().hasPrefix("HTTP/1.1 204 "))
        // Only now does the time of the next head begin.
        connection.advance(.seconds(9))
        #expect(try connection.take() == "")
        connection.advance(.seconds(2))
        #expect(try connection.take().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func aClientWhoReadsNothingIsCut() throws {
        let connection = try VirtualConnection { $0.writeTimeout = .seconds(60) }
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        var hasLeft = false
        stream.onDisconnect = { hasLeft = true }
        stream.writeHead(status: 200)
        connection.setWritable(false)
        for _ in 0..<59 {
            stream.writeChunk { $0.writeString("a") }
            stream.flush()
            connection.advance(.seconds(1))
        }
        #expect(!hasLeft)
        connection.advance(.seconds(2))
        #expect(hasLeft)
        #expect(!connection.isOpen)
    }

    @Test func aClientWhoReadsAgainIsNotCut() throws {
        let connection = try VirtualConnection { $0.writeTimeout = .seconds(60) }
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200)
        for _ in 0..<3 {
            connection.setWritable(false)
            stream.writeChunk { $0.writeString("a") }
            stream.flush()
            connection.advance(.seconds(50))
            connection.setWritable(true)
        }
        connection.advance(.minutes(10))
        #expect(connection.isOpen)
    }

    @Test func theSocketOfARefusedClientIsReadOutForAWhileOnly() throws {
        let connection = try VirtualConnection { $0.lingerTimeout = .seconds(2) }
        try connection.receive("BAD\r\n\r\n")
        #expect(connection.isOutputClosed && connection.isOpen)
        for _ in 0..<4 {
            try connection.receive(String(repeating: "x", count: 1000))
            connection.advance(.milliseconds(400))
        }
        #expect(connection.isOpen)
        connection.advance(.seconds(1))
        #expect(!connection.isOpen)
    }
}

/// Leaving in good order, on the virtual clock.
@Suite struct DrainTests {
    @Test func anIdleConnectionIsClosedAtOnce() throws {
        let connection = try VirtualConnection()
        let drained = connection.loop.drain(within: .seconds(30))
        #expect(!connection.isOpen)
        try drained.wait()
    }

    @Test func aRunningAnswerFinishes() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        let drained = connection.loop.drain(within: .seconds(30))
        connection.advance(.seconds(29))
        #expect(connection.isOpen)
        stream.respond(status: 200, body: ByteBuffer(string: "a"))
        let text = try connection.take()
        #expect(text.contains("connection: close\r\n") && text.hasSuffix("\r\n\r\na"))
        #expect(!connection.isOpen)
        try drained.wait()
    }

    @Test func aRunningStreamFinishes() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200)
        let drained = connection.loop.drain(within: .seconds(30))
        stream.writeChunk { $0.writeString("a") }
        stream.end()
        #expect(try connection.take().hasSuffix("a\r\n0\r\n\r\n"))
        #expect(!connection.isOpen)
        try drained.wait()
    }

    @Test func aRequestThatHasBegunIsStillServed() throws {
        let connection = try VirtualConnection()
        try connection.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na")
        let drained = connection.loop.drain(within: .seconds(30))
        try connection.receive("b")
        connection.log.streams[0].respond(status: 204)
        #expect(try connection.take().contains("connection: close\r\n"))
        #expect(!connection.isOpen)
        try drained.wait()
    }

    @Test func whatIsNotDoneInTimeIsCut() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        var hasLeft = false
        connection.log.streams[0].onDisconnect = { hasLeft = true }
        let drained = connection.loop.drain(within: .seconds(30))
        connection.advance(.seconds(31))
        #expect(hasLeft && !connection.isOpen)
        try drained.wait()
    }

    @Test func whoLeavesSoonStillServesAndAsksClientsToGo() throws {
        let connection = try VirtualConnection()
        connection.log.answer = { $1.respond(status: 204) }
        try connection.receive(getRequest)
        #expect(try !connection.take().contains("connection: close"))
        connection.loop.beginDrain()
        // An idle connection is not cut: its next request may be on the way.
        #expect(connection.isOpen)
        var isDraining = false
        connection.log.answer = {
            isDraining = $1.isDraining
            $1.respond(status: 204)
        }
        try connection.receive(getRequest)
        #expect(try connection.take().contains("\r\nconnection: close\r\n"))
        #expect(isDraining && !connection.isOpen)
        try connection.loop.drain(within: .seconds(30)).wait()
    }

    @Test func aStreamThatRanWhenTheServerBeganToLeaveKeepsItsPromise() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let stream = connection.log.streams[0]
        stream.writeHead(status: 200)
        stream.flush()
        #expect(!stream.isDraining)
        connection.loop.beginDrain()
        #expect(stream.isDraining)
        stream.end()
        #expect(try !connection.take().contains("connection: close"))
        #expect(connection.isOpen)
        connection.log.answer = { $1.respond(status: 204) }
        try connection.receive(getRequest)
        #expect(try connection.take().contains("connection: close"))
        #expect(!connection.isOpen)
    }

    @Test func beginningToDrainAfterTheDrainChangesNothing() throws {
        let connection = try VirtualConnection()
        try connection.receive(getRequest)
        let drained = connection.loop.drain(within: .seconds(30))
        connection.loop.beginDrain()
        connection.log.streams[0].respond(status: 204)
        #expect(!connection.isOpen)
        try drained.wait()
    }

    @Test func asManyDrainsAsOneLikes() throws {
        let connection = try VirtualConnection()
        try connection.loop.drain(within: .seconds(1)).wait()
        try connection.loop.drain(within: .seconds(1)).wait()
    }
}

extension String {
    /// How often the text occurs.
    func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
