import Glibc
import NIOCore
import QuireHTTP
import Testing

@Suite struct WriterTests {
    private func written(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer: buffer)
    }

    @Test func aChunkOfAnySizeIsReadBack() {
        var sizes = [1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 65535, 65536, 0xabcdef, 0xfedcba]
        var random = SplitMix(seed: 7)
        for _ in 0..<200 { sizes.append(Int.random(in: 1...70_000, using: &random)) }
        var buffer = ByteBuffer()
        for size in sizes {
            buffer.clear()
            buffer.writeChunkFrame { $0.writeRepeatingByte(0x61, count: size) }
            #expect(buffer.readableBytes == size + 12)
            let digits = String(buffer: buffer.readSlice(length: 8) ?? ByteBuffer())
            #expect(Int(digits, radix: 16) == size)
        }
    }

    @Test func anEmptyChunkIsNotWritten() {
        // It would end the body.
        #expect(written { $0.writeChunkFrame { _ in } } == "")
        #expect(written { $0.writeLastChunk() } == "0\r\n\r\n")
    }

    @Test func aFieldValueCannotBeginANewLine() {
        let text = written { $0.writeField("x\r\ny", "a\r\nSet-Cookie: b\0\u{7f}\tc") }
        #expect(text == "x  y: a  Set-Cookie: b  \tc\r\n")
    }

    @Test func aRequestIsReadBackAsItWasWritten() {
        var buffer = ByteBuffer()
        buffer.writeRequestLine("POST", target: "/v1/x?y=z")
        buffer.writeField("Host", "h:1")
        buffer.writeField(ByteBuffer(string: "X"), ByteBuffer(string: "y"))
        buffer.writeContentLength(3)
        buffer.writeHeadEnd()
        buffer.writeString("abc")
        buffer.writeRequestLine("PUT", target: ByteBuffer(string: "/"))
        buffer.writeField("host", "")
        buffer.writeChunkedEncoding()
        buffer.writeHeadEnd()
        buffer.writeChunkFrame { $0.writeString("defg") }
        buffer.writeLastChunk()
        #expect(
            parseRequests(Array(buffer.readableBytesView), .none) == [
                "POST /v1/x ?y=z @h:1 1.1 length 3 | Host: h:1 | X: y | content-length: 3",
                "body abc",
                "end", "PUT / @ 1.1 chunked | host:  | transfer-encoding: chunked", "body defg",
                "end",
            ]
        )
    }

    @Test func everyStatusIsReadBack() {
        for status in 200...599 {
            var buffer = ByteBuffer()
            buffer.writeStatusLine(status)
            buffer.writeContentLength(0)
            buffer.writeHeadEnd()
            let found = parseResponses(Array(buffer.readableBytesView), .none)
            #expect(found.count == 2 && found.first?.hasPrefix("\(status) ") == true)
        }
    }

    @Test func lengthsAreWrittenInDecimal() {
        for length in [0, 1, 9, 10, 99, 100, 12345, Int.max] {
            #expect(written { $0.writeContentLength(length) } == "content-length: \(length)\r\n")
        }
    }

    @Test func datesAreThoseOfTheCLibrary() {
        var times = [
            0, 1, 86399, 86400, 951_782_400, 951_868_800, 1_709_164_800, 4_107_542_400, 784_111_777,
        ]
        var random = SplitMix(seed: 3)
        for _ in 0..<2000 { times.append(Int.random(in: 0...4_200_000_000, using: &random)) }
        for time in times {
            var clock = time_t(time)
            var parts = unsafe tm()
            unsafe gmtime_r(&clock, &parts)
            var text = [CChar](repeating: 0, count: 64)
            unsafe strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            let expected = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            #expect(HTTPDate.render(time) == expected)
        }
    }
}
