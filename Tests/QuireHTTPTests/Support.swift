import NIOCore
import QuireHTTP

/// What a parser reported, as text: one line per head, joined body, end and error.
typealias Transcript = [String]

/// Where the bytes of an input are cut before they are given to a parser.
enum Cuts: CustomStringConvertible {
    case none
    case at(Int)
    case everywhere
    case random(seed: UInt64)

    var description: String {
        switch self {
        case .none: "uncut"
        case .at(let index): "cut at \(index)"
        case .everywhere: "byte by byte"
        case .random(let seed): "random cuts of seed \(seed)"
        }
    }

    func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        switch self {
        case .none: return [bytes[...]]
        case .at(let index): return [bytes[..<index], bytes[index...]]
        case .everywhere: return bytes.indices.map { bytes[$0...$0] }
        case .random(let seed):
            var random = SplitMix(seed: seed)
            var pieces: [ArraySlice<UInt8>] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...24, using: &random))
                pieces.append(bytes[start..<end])
                start = end
            }
            return pieces
        }
    }

    /// The cuts that every table runs with.
    static func all(_ bytes: [UInt8]) -> [Cuts] {
        [.everywhere] + bytes.indices.map(Cuts.at) + (1...5).map { .random(seed: $0) }
    }
}

/// A small seeded generator, so that a failure can be run again.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// The names by which tables write framings.
func text(_ framing: HTTPBodyFraming) -> String {
    switch framing {
    case .none: "empty"
    case .length(let count): "length \(count)"
    case .chunked: "chunked"
    case .untilClose: "until close"
    }
}

func text(_ fields: HTTPFields) -> String {
    (0..<fields.count).map { " | \(fields.name(at: $0)): \(fields.value(at: $0))" }.joined()
}

/// Gathers events; neighbouring pieces of a body are one line.
struct TranscriptWriter {
    private(set) var lines: Transcript = []
    private var body: [UInt8] = []

    mutating func add(_ line: String) {
        if !body.isEmpty {
            lines.append("body \(String(decoding: body, as: UTF8.self))")
            body = []
        }
        lines.append(line)
    }

    mutating func addBody(_ bytes: ByteBuffer) { body += bytes.readableBytesView }

    /// Ends the transcript with what is left of an unfinished body.
    mutating func finish() -> Transcript {
        if !body.isEmpty { add("…") }
        return lines
    }
}

/// Runs the request parser over an input.
func parseRequests(
    _ bytes: [UInt8],
    _ cuts: Cuts,
    limits: HTTPLimits = HTTPLimits()
) -> Transcript {
    var parser = HTTPRequestParser(limits: limits)
    var writer = TranscriptWriter()
    for piece in cuts.pieces(of: bytes) {
        parser.append(ByteBuffer(bytes: piece))
        do throws(HTTPParseError) {
            loop: while true {
                switch try parser.next() {
                case .needMore: break loop
                case .head(let head):
                    let query = head.query.map { " ?\($0)" } ?? ""
                    let flags =
                        (head.keepsAlive ? "" : " close") + (head.expectsContinue ? " expect" : "")
                    writer.add(
                        "\(head.methodName) \(head.path)\(query) @\(head.authority ?? "-")"
                            + " 1.\(head.minorVersion) \(text(head.framing))\(flags)"
                            + text(head.fields)
                    )
                case .body(let bytes): writer.addBody(bytes)
                case .end: writer.add("end")
                }
            }
        } catch {
            writer.add("error \(error)")
            return writer.finish()
        }
    }
    return writer.finish()
}

/// Runs the response parser over an input; `methods` are those of the requests, then GET.
func parseResponses(
    _ bytes: [UInt8],
    _ cuts: Cuts,
    methods: [String] = [],
    isClosed: Bool = false,
    limits: HTTPLimits = HTTPLimits()
) -> Transcript {
    var parser = HTTPResponseParser(limits: limits)
    var writer = TranscriptWriter()
    var methods = methods[...]
    parser.answersHead = methods.popFirst() == "HEAD"
    do throws(HTTPParseError) {
        for piece in cuts.pieces(of: bytes) {
            parser.append(ByteBuffer(bytes: piece))
            loop: while true {
                switch try parser.next() {
                case .needMore: break loop
                case .head(let head):
                    writer.add(
                        "\(head.status) \(head.reason) 1.\(head.minorVersion) \(text(head.framing))"
                            + (head.keepsAlive ? "" : " close") + text(head.fields)
                    )
                case .body(let bytes): writer.addBody(bytes)
                case .end:
                    writer.add("end")
                    parser.answersHead = methods.popFirst() == "HEAD"
                }
            }
        }
        if isClosed, case .end = try parser.endOfInput() { writer.add("end") }
    } catch {
        writer.add("error \(error)")
    }
    return writer.finish()
}
