import NIOCore
import QuireGateway
import Testing

@Suite struct EventFramingTests {
    /// What a framing gave for pieces: data of each event that has some, and all bytes.
    private struct Outcome: Equatable {
        var data: [String] = []
        var bytes: [UInt8] = []
    }

    private func run(_ pieces: [ByteBuffer], _ framing: EventFraming = EventFraming()) -> Outcome {
        var framing = framing
        var outcome = Outcome()
        for piece in pieces {
            framing.append(piece)
            loop: while true {
                switch framing.next() {
                case .needMore: break loop
                case .event(let event):
                    outcome.bytes += event.bytes.readableBytesView
                    if let data = event.data { outcome.data.append(String(buffer: data)) }
                case .raw(let bytes):
                    outcome.bytes += bytes.readableBytesView
                }
            }
        }
        outcome.bytes += framing.takeRest().readableBytesView
        return outcome
    }

    /// The events by the words of the standard: split into lines, gather until a blank one.
    private func oracle(_ stream: [UInt8]) -> [String] {
        var text = stream[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            if byte == 0x0D, index < text.endIndex, text[index] == 0x0A { index += 1 }
            if byte == 0x0A || byte == 0x0D {
                lines.append(line)
                line = []
            } else {
                line.append(byte)
            }
        }
        var events: [String] = []
        var data: [String]?
        for line in lines {
            if line.isEmpty {
                if let found = data { events.append(found.joined(separator: "\n")) }
                data = nil
                continue
            }
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            guard name.elementsEqual("data".utf8) else { continue }
            var value = line.dropFirst(name.count + 1)
            if value.first == 0x20 { value = value.dropFirst() }
            data = (data ?? []) + [String(decoding: value, as: UTF8.self)]
        }
        return events
    }

    static let streams = [
        "data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata:b\r\n\r\n", "data: a\r\rdata:  b\r\r",
        "\u{FEFF}data: a\n\n", "\u{FEFF}\u{FEFF}data: a\n\n",
        ": ping\n\ndata: a\n\n: x\n:y\ndata: b\n\n",
        "data: a\ndata: b\n: mid\ndata:\n\n", "data\n\n", "datax: a\n\ndata : b\n\n",
        "event: e\nid: 1\ndata: a\n\n",
        "\n\n\ndata: a\n\n\n", "data: a\r\n\ndata: b\n\r\n", "data: a\n\r\rdata: b\r\n\r",
        "data: open\n",
        "data: {\"x\":\"é你\u{1F600}\"}\n\n", "", "\r", "\n", ":", "data: a\n", "data: a\n\ndata: b",
        "data: 0123456789abcdef0123456789abcdef\r\n\r\ndata: [DONE]\r\n\r\n",
    ]

    @Test(arguments: streams)
    func everyCutGivesTheSame(_ stream: String) {
        let text = Array(stream.utf8)
        let expected = Outcome(data: oracle(text), bytes: text)
        #expect(run([ByteBuffer(bytes: text)]) == expected)
        #expect(run(text.map { ByteBuffer(bytes: [$0]) }) == expected)
        for first in 0...text.count {
            for second in first...text.count {
                let pieces = [text[..<first], text[first..<second], text[second...]]
                #expect(run(pieces.map { ByteBuffer(bytes: $0) }) == expected, "\(first) \(second)")
            }
        }
    }

    @Test func randomStreamsAgreeWithTheStandardsWords() {
        let words = [
            "data:", "data: ", "data", "event: x", ":", " ", "a", "é", "[DONE]", "\n", "\n\n",
            "\r\n",
            "\r", "\r\n\r\n", "0123456789", "\u{FEFF}", "data: {\"choices\":[]}\n\n",
        ]
        for seed in 0..<3000 as Range<UInt64> {
            var random = ByteGenerator(seed: seed)
            var stream = ""
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                stream += words.randomElement(using: &random) ?? ""
            }
            let text = Array(stream.utf8)
            let found = run(random.pieces(of: text, sizeMax: 9))
            #expect(found == Outcome(data: oracle(text), bytes: text), "seed \(seed): \(stream)")
        }
    }

    @Test func anEventIsGivenOutWithItsLastByteAndNotBefore() {
        var framing = EventFraming()
        framing.append(buffer("data: a\n"))
        #expect(framing.next() == .needMore)
        framing.append(buffer("\n"))
        guard case .event(let event) = framing.next() else {
            Issue.record("no event")
            return
        }
        #expect(event.bytes == buffer("data: a\n\n"))
        #expect(event.data == buffer("a"))
    }

    @Test func aCommentGoesOutAtOnce() {
        var framing = EventFraming()
        framing.append(buffer(": ping\n"))
        guard case .event(let event) = framing.next() else {
            Issue.record("no event")
            return
        }
        #expect(event.bytes == buffer(": ping\n"))
        #expect(event.data == nil)
    }

    @Test func anEventOverTheBoundEndsTheFramingAndLosesNothing() {
        let text = Array(
            ("data: a\n\n" + "data: " + String(repeating: "b", count: 100) + "\n\ndata: c\n\n").utf8
        )
        for size in [1, 7, 200] {
            var framing = EventFraming(eventBytesMax: 50)
            var random = ByteGenerator(seed: 1)
            let pieces =
                size == 200 ? [ByteBuffer(bytes: text)] : random.pieces(of: text, sizeMax: size)
            let found = run(pieces, framing)
            #expect(found.bytes == text)
            // An event that comes whole in one piece is within any bound.
            #expect(found.data.count == (size == 200 ? 3 : 1))
            framing.append(ByteBuffer(bytes: text[..<70]))
            while case .event = framing.next() {}
            #expect(framing.isRaw)
        }
    }

    @Test func aDrippedEventCostsLinearTime() {
        var framing = EventFraming(eventBytesMax: 1 << 21)
        framing.append(buffer("data: "))
        let piece = buffer("0123456789")
        for _ in 0..<100_000 {
            framing.append(piece)
            guard framing.next() == .needMore else {
                Issue.record("an event without an end")
                return
            }
        }
        framing.append(buffer("\n\n"))
        guard case .event(let event) = framing.next() else {
            Issue.record("no event")
            return
        }
        #expect(event.data?.readableBytes == 1_000_000)
    }
}
