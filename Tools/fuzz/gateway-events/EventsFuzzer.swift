import NIOCore
import QuireJSON
import QuireOpenAI

/// The libFuzzer entry: a stream read whole and in pieces must say the same, and what is passed on
/// must be what came.
///
/// The input's last byte chooses the cuts and whether the client wants usage.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count - 1))
    let seed = unsafe start[count - 1]
    let wantsUsage = seed & 1 == 0
    let whole = relayed([bytes[...]], wantsUsage)
    let cut = relayed(pieces(of: bytes, seed: UInt64(seed)), wantsUsage)
    // The LF of a CRLF that was cut apart stays where its event is dropped: a blank line more.
    let isExact = wantsUsage || !bytes.contains(0x0D)
    guard !isExact || whole.output == cut.output else { fatalError("cuts differ") }
    guard whole.answer == cut.answer else { fatalError("cuts read differently") }
    if wantsUsage, whole.output != ByteBuffer(bytes: bytes) { fatalError("bytes changed") }
    continued(bytes, whole.answer)
    return 0
}

private func relayed(
    _ pieces: [ArraySlice<UInt8>],
    _ wantsUsage: Bool
) -> (output: ByteBuffer, answer: AnswerReader) {
    var relay = StreamRelay(wantsUsage: wantsUsage, keepsText: true)
    var output = ByteBuffer()
    for piece in pieces { output.writeImmutableBuffer(relay.receive(ByteBuffer(bytes: piece))) }
    output.writeImmutableBuffer(relay.finish())
    return (output, relay.answer)
}

/// The same bytes as a continuation of themselves: rewritten chunks are still JSON.
private func continued(_ bytes: [UInt8], _ answer: AnswerReader) {
    let body = ByteBuffer(string: #"{"messages":[{"role":"user"}],"stream":true}"#)
    var options = ResumeOptions()
    options.templateTrims = true
    guard let scan = try? RoutingScan(body),
        case .request(_, let continuation) = ResumePlan.make(
            body: body,
            scan: scan,
            edits: BodyEdits(),
            answer: answer,
            wantsUsage: true,
            options: options
        )
    else { return }
    var relay = StreamRelay(wantsUsage: true, keepsText: true)
    relay.beginContinuation(continuation)
    let output = relay.receive(ByteBuffer(bytes: bytes))
    var check = StreamRelay(wantsUsage: true, keepsText: true)
    _ = check.receive(output)
    guard check.answer.isDone == relay.answer.isDone,
        check.answer.choices.compactMap(\.finishReason)
            == relay.answer.choices.compactMap(\.finishReason),
        check.answer.choices.flatMap(\.text) == relay.answer.choices.flatMap(\.text),
        !check.answer.obstacles.contains(.unreadable)
            || relay.answer.obstacles.contains(.unreadable)
    else { fatalError("the rewritten stream says something else") }
}

private func pieces(of bytes: [UInt8], seed: UInt64) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var state = seed
    var start = 0
    while start < bytes.count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let end = min(bytes.count, start + 1 + Int(state >> 59))
        pieces.append(bytes[start..<end])
        start = end
    }
    return pieces
}
