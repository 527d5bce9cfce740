import QuireHTTP
import Testing

/// Random damage: whatever the bytes are, every cut must give the same events, and nothing traps.
@Suite struct ParserMutationTests {
    private static let fragments: [String] = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", ",", "0\r\n\r\n", "\r\n\r\n",
        "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Host: h\r\n",
        "HTTP/1.1 200 OK\r\n",
        "GET / HTTP/1.1\r\n", "ffffffffffffffff", "9223372036854775807", "-1", "100-continue", "é",
    ]

    private func mutate(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let index = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let fragment = Self.fragments[
                    Int.random(in: 0..<Self.fragments.count, using: &random)
                ]
                bytes.insert(contentsOf: fragment.utf8, at: index)
            case 1:
                let end = min(bytes.count, index + Int.random(in: 1...8, using: &random))
                bytes.removeSubrange(index..<end)
            case 2:
                if index < bytes.count {
                    bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                }
            default:
                let end = min(bytes.count, index + Int.random(in: 1...40, using: &random))
                bytes.append(contentsOf: bytes[index..<end])
            }
        }
        return bytes
    }

    @Test func damagedRequestsAreReadTheSameForEveryCut() {
        let inputs = (RequestParserTests.accepted + RequestParserTests.refusedHeads).map {
            Array($0.input.utf8)
        }
        var limits = HTTPLimits()
        limits.headerBytes = 200
        limits.startLineBytes = 60
        limits.bodyBytes = 60
        limits.chunkExtensionBytes = 8
        limits.fieldCount = 6
        for seed in 1...20_000 as ClosedRange<UInt64> {
            var random = SplitMix(seed: seed)
            let bytes = mutate(inputs[Int.random(in: 0..<inputs.count, using: &random)], &random)
            let whole = parseRequests(bytes, .none, limits: limits)
            let cut = parseRequests(bytes, .random(seed: seed), limits: limits)
            #expect(cut == whole, "seed \(seed)")
            if cut != whole { return }
        }
    }

    @Test func damagedResponsesAreReadTheSameForEveryCut() {
        let inputs = ResponseParserTests.cases
        var limits = HTTPLimits()
        limits.headerBytes = 200
        limits.startLineBytes = 60
        limits.bodyBytes = 60
        for seed in 1...20_000 as ClosedRange<UInt64> {
            var random = SplitMix(seed: seed)
            let item = inputs[Int.random(in: 0..<inputs.count, using: &random)]
            let bytes = mutate(Array(item.input.utf8), &random)
            func run(_ cuts: Cuts) -> Transcript {
                parseResponses(
                    bytes,
                    cuts,
                    methods: item.methods,
                    isClosed: item.isClosed,
                    limits: limits
                )
            }
            let whole = run(.none)
            let cut = run(.random(seed: seed))
            #expect(cut == whole, "seed \(seed)")
            if cut != whole { return }
        }
    }
}
