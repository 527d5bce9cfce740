import NIOCore
import QuireJSON
import QuireOpenAI

/// The libFuzzer entry: a body that is taken must be JSON for the tree's reader too, and its edits
/// must change what they name and nothing else.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let body = unsafe ByteBuffer(bytes: UnsafeBufferPointer(start: start, count: count))
    let tree: JSON?
    do { tree = try JSON(parsing: body.readableBytesUInt8Span, maxDepth: 64) } catch { tree = nil }
    do throws(OpenAIError) {
        let scan = try RoutingScan(body)
        // The tree refuses more: broken UTF-8 in strings and numbers beyond a Double.
        guard let tree else { return 0 }
        guard let members = tree.object else { fatalError("not an object") }
        check(scan, members, body)
    } catch {
        guard tree?.object == nil else { fatalError("refused: \(error)") }
    }
    return 0
}

private func check(_ scan: RoutingScan, _ members: JSONObject, _ body: ByteBuffer) {
    guard scan.model == members["model"]?.string else { fatalError("another model") }
    guard scan.stream == (members["stream"] == .bool(true)) else { fatalError("another stream") }
    let wanted = members["stream_options"]?["include_usage"] == .bool(true)
    guard scan.includeUsage == wanted else { fatalError("another include_usage") }

    var edits = BodyEdits()
    edits.includeUsage(scan)
    edits.setModel("\"other\"", scan.layout)
    guard let edited = parsed(edits.applied(to: body))?.object else {
        fatalError("broken by edits")
    }
    for member in members.members where !["model", "stream_options"].contains(member.key) {
        guard edited[member.key] == member.value else { fatalError("\(member.key) changed") }
    }
    if scan.model != nil, edited["model"] != .string("\"other\"") { fatalError("old model") }
    let isObject = members["stream_options"].map { $0.isNull || $0.object != nil } ?? true
    if scan.stream, isObject, edited["stream_options"]?["include_usage"] != .bool(true) {
        fatalError("no usage asked for")
    }
    checkResume(scan, members, body)
}

/// A continuation's body holds the text so far where it belongs.
private func checkResume(_ scan: RoutingScan, _ members: JSONObject, _ body: ByteBuffer) {
    var answer = AnswerReader(keepsText: true)
    _ = answer.read(data: #"{"choices":[{"text":"so\n\"far"}]}"#.utf8Span.span)
    let plan = ResumePlan.make(
        body: body,
        scan: scan,
        edits: BodyEdits(),
        answer: answer,
        wantsUsage: false
    )
    guard case .request(let pieces, _) = plan else { return }
    let joined = pieces.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
    guard let edited = parsed(joined)?.object else { fatalError("broken by the continuation") }
    if scan.layout.messagesEnd != nil {
        guard edited["messages"]?.array?.last?["content"] == .string("so\n\"far"),
            edited["continue_final_message"] == .bool(true)
        else { fatalError("no text so far") }
    } else {
        guard edited["prompt"]?.string == (members["prompt"]?.string ?? "") + "so\n\"far" else {
            fatalError("another prompt")
        }
    }
}

private func parsed(_ body: ByteBuffer) -> JSON? {
    do { return try JSON(parsing: body.readableBytesUInt8Span) } catch { return nil }
}
