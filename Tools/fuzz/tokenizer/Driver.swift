/// The fuzzer's entry: a tokenizer.json, a zero byte, and a text in any bytes.
///
/// The file loads or is refused; what loads must encode and decode without a trap, a stream must
/// give whole characters, and its pieces joined must be the whole decode.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let tokenizer = try? Tokenizer(tokenizerJSON: Array(parts[0])) else { return 0 }
    let text = parts.count > 1 ? Array(parts[1]) : []
    var ids = tokenizer.encode(text.span, addSpecialTokens: true)
    ids += text.map { Int32($0) &* 3 &- 2 }
    for skips in [false, true] {
        let whole = tokenizer.decode(ids, skipSpecialTokens: skips)
        precondition(String(validating: whole, as: UTF8.self) != nil, "a decode is not UTF-8")
        var stream = Detokenizer(tokenizer, promptTokens: [], skipSpecialTokens: skips)
        var joined: [UInt8] = []
        for id in ids {
            var piece: [UInt8] = []
            stream.push(id, into: &piece)
            precondition(String(validating: piece, as: UTF8.self) != nil, "half a character")
            joined += piece
        }
        stream.flush(into: &joined)
        precondition(joined == whole, "a stream is not the whole text")
        let cut = ids.count / 2
        var rest = Detokenizer(
            tokenizer,
            promptTokens: Array(ids[..<cut]),
            skipSpecialTokens: skips
        )
        var output: [UInt8] = []
        for id in ids[cut...] { rest.push(id, into: &output) }
        rest.flush(into: &output)
        precondition(String(validating: output, as: UTF8.self) != nil, "half a character")
    }
    return 0
}
