import NIOCore
import QuireJSON
import QuireOpenAI

/// A chat body: a valid conversation and whatever members follow.
func chatBody(_ members: String) -> String {
    let messages = #""messages":[{"role":"user","content":"hi"}]"#
    return "{" + messages + (members.isEmpty ? "" : ",") + members + "}"
}

/// A completion body: a valid prompt and whatever members follow.
func completionBody(_ members: String) -> String {
    #"{"prompt":"hi""# + (members.isEmpty ? "" : ",") + members + "}"
}

func chat(_ body: String, _ limits: RequestLimits = RequestLimits()) throws -> ChatCompletionRequest
{
    try ChatCompletionRequest(parsing: ByteBuffer(string: body), limits: limits)
}

func completion(
    _ body: String,
    _ limits: RequestLimits = RequestLimits()
) throws -> CompletionRequest {
    try CompletionRequest(parsing: ByteBuffer(string: body), limits: limits)
}

/// The text that a writer leaves in a buffer.
func written(_ write: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    write(&buffer)
    return String(buffer: buffer)
}

/// The JSON that a writer leaves in a buffer.
func parsed(_ write: (inout ByteBuffer) -> Void) throws -> JSON {
    try JSON(parsing: written(write))
}

/// The payloads of a stream's events; an event that is not one `data:` line fails the test.
func events(_ stream: String) throws -> [String] {
    var payloads: [String] = []
    for event in stream.split(separator: "\n\n", omittingEmptySubsequences: false).dropLast() {
        guard event.hasPrefix("data: "), !event.contains("\n") else {
            throw BadEvent(text: String(event))
        }
        payloads.append(String(event.dropFirst(6)))
    }
    return payloads
}

struct BadEvent: Error {
    let text: String
}

/// A small generator with a printed seed, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The UTF-8 bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Text of random scalars, half of them where escaping has to think.
func randomText(using random: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...80, using: &random) {
        let limit: UInt32 = Bool.random(using: &random) ? 0x80 : 0x11_0000
        let code = UInt32.random(in: 0..<limit, using: &random)
        text.unicodeScalars.append(Unicode.Scalar(code) ?? "\"")
    }
    return text
}
