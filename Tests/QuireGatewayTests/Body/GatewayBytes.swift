import NIOCore
import QuireGateway
import QuireJSON
import QuireOpenAI

/// A small generator whose seed a failure prints.
struct ByteGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Cuts the text into pieces of up to `sizeMax` bytes.
    mutating func pieces(of text: [UInt8], sizeMax: Int) -> [ByteBuffer] {
        var pieces: [ByteBuffer] = []
        var start = 0
        while start < text.count {
            let end = min(text.count, start + Int.random(in: 1...sizeMax, using: &self))
            pieces.append(ByteBuffer(bytes: text[start..<end]))
            start = end
        }
        return pieces
    }
}

func buffer(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

func scan(_ text: String, _ limits: RoutingScanLimits = RoutingScanLimits()) throws -> RoutingScan {
    try RoutingScan(buffer(text), limits: limits)
}

/// The text as a JSON string, quotes included.
func quoted(_ text: String) -> String {
    var buffer = ByteBuffer()
    buffer.writeJSONString(text)
    return String(buffer: buffer)
}

/// The data of the whole events in a stream that was not cut, by the plainest reading there is.
func dataLines(_ stream: String) -> [String] {
    stream.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
}
