import NIOCore

/// The libFuzzer entry: both parsers over the same bytes, whole and cut, must agree and stay in
/// bounds.
///
/// Compiled into one module with the parser's sources. The input's last two bytes choose the mode
/// and the cuts, so that a corpus file is readable text with a tail.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= 2 else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count - 2))
    let mode = unsafe start[count - 2]
    let seed = unsafe UInt64(start[count - 1])
    var limits = HTTPLimits()
    if mode & 1 != 0 {
        limits.startLineBytes = 40
        limits.headerBytes = 120
        limits.fieldCount = 5
        limits.chunkExtensionBytes = 6
        limits.bodyBytes = 40
    }
    let run = mode & 2 == 0 ? readRequests : readResponses
    let whole = run([bytes[...]], limits, mode)
    let cut = run(pieces(of: bytes, seed: seed), limits, mode)
    guard whole == cut else { fatalError("cuts differ:\n\(whole)\n\(cut)") }
    return 0
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

/// What was reported, with the pieces of a body joined.
private struct Report: Equatable {
    var lines: [String] = []
    var body: [UInt8] = []

    mutating func add(_ line: String) {
        if !body.isEmpty { lines.append("body \(body)") }
        body = []
        lines.append(line)
    }

    mutating func addFields(_ fields: HTTPFields, _ limits: HTTPLimits) {
        guard fields.count <= limits.fieldCount else { fatalError("too many fields") }
        guard fields.bytes.readableBytes <= limits.startLineBytes + limits.headerBytes + 4 else {
            fatalError("too large a head")
        }
        for index in 0..<fields.count {
            add("\(fields.name(at: index)): \(fields.value(at: index))")
            guard fields.firstIndex(of: fields.name(at: index)) != nil else {
                fatalError("a field is not found by its name")
            }
        }
    }
}

private func readRequests(
    _ pieces: [ArraySlice<UInt8>],
    _ limits: HTTPLimits,
    _ mode: UInt8
) -> Report {
    var parser = HTTPRequestParser(limits: limits)
    var report = Report()
    var bodyBytes = 0
    for piece in pieces {
        parser.append(ByteBuffer(bytes: piece))
        do throws(HTTPParseError) {
            loop: while true {
                switch try parser.next() {
                case .needMore: break loop
                case .head(let head):
                    bodyBytes = 0
                    report.add("\(head.method) \(head.methodName) \(head.target) \(head.path)")
                    report.add("\(head.query ?? "-") \(head.authority ?? "-") \(head.framing)")
                    report.add("\(String(buffer: head.originTarget)) \(head.keepsAlive)")
                    report.addFields(head.fields, limits)
                case .body(let bytes):
                    bodyBytes += bytes.readableBytes
                    guard bodyBytes <= limits.bodyBytes else { fatalError("too large a body") }
                    report.body += bytes.readableBytesView
                case .end: report.add("end")
                }
            }
        } catch {
            report.add("\(error)")
            do { _ = try parser.next() } catch error { return report } catch {}
            fatalError("the error was forgotten")
        }
    }
    return report
}

private func readResponses(
    _ pieces: [ArraySlice<UInt8>],
    _ limits: HTTPLimits,
    _ mode: UInt8
) -> Report {
    var parser = HTTPResponseParser(limits: limits)
    parser.answersHead = mode & 4 != 0
    var report = Report()
    var bodyBytes = 0
    do throws(HTTPParseError) {
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            loop: while true {
                switch try parser.next() {
                case .needMore: break loop
                case .head(let head):
                    bodyBytes = 0
                    report.add("\(head.status) \(head.reason) \(head.framing) \(head.keepsAlive)")
                    report.addFields(head.fields, limits)
                case .body(let bytes):
                    bodyBytes += bytes.readableBytes
                    guard bodyBytes <= limits.bodyBytes else { fatalError("too large a body") }
                    report.body += bytes.readableBytesView
                case .end:
                    report.add("end")
                    parser.answersHead = mode & 8 != 0
                }
            }
        }
        if mode & 16 != 0, case .end = try parser.endOfInput() { report.add("end") }
    } catch {
        report.add("\(error)")
    }
    return report
}
