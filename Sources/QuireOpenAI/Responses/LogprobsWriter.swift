import NIOCore

/// Writes the three shapes that log probabilities have on the wire.
///
/// Not on the path of a plain token; cost is linear in the candidates shown.
struct LogprobsWriter {
    /// Writes `token_id:123` in place of a token's text.
    var tokensAsTokenIDs = false

    /// A chat choice's `logprobs` value.
    func writeChat(_ tokens: [TokenLogprob]?, into buffer: inout ByteBuffer) {
        guard let tokens else {
            buffer.writeStaticString("null")
            return
        }
        buffer.writeStaticString(#"{"content":"#)
        buffer.writeJSONList(tokens) { buffer, token in
            writeEntry(token.id, token.text, token.logprob ?? -.infinity, into: &buffer)
            buffer.writeStaticString(#","top_logprobs":"#)
            buffer.writeJSONList(token.top ?? []) { buffer, top in
                writeEntry(top.id, top.text, top.logprob, into: &buffer)
                buffer.writeStaticString("}")
            }
            buffer.writeStaticString("}")
        }
        buffer.writeStaticString("}")
    }

    /// A completion choice's `logprobs` value; `textOffset` is where the first token begins in the
    /// choice's text, counted in Unicode scalars as Python counts.
    func writeCompletion(
        _ tokens: [TokenLogprob]?,
        textOffset: Int,
        into buffer: inout ByteBuffer
    ) {
        guard let tokens else {
            buffer.writeStaticString("null")
            return
        }
        var offset = textOffset
        buffer.writeStaticString(#"{"text_offset":"#)
        buffer.writeJSONList(tokens) { buffer, token in
            buffer.writeJSONInteger(offset)
            offset += scalarCount(token)
        }
        buffer.writeStaticString(#","token_logprobs":"#)
        buffer.writeJSONList(tokens) { buffer, token in buffer.writeJSONLogprob(token.logprob) }
        buffer.writeStaticString(#","tokens":"#)
        buffer.writeJSONList(tokens) { buffer, token in
            writeText(token.id, token.text, into: &buffer)
        }
        buffer.writeStaticString(#","top_logprobs":"#)
        buffer.writeJSONList(tokens) { buffer, token in writeTop(token.top, into: &buffer) }
        buffer.writeStaticString("}")
    }

    /// A `prompt_logprobs` value: per position an object from token id to its log probability,
    /// rank and text, or `null` where nothing was predicted.
    func writePrompt(_ positions: [[TokenCandidate]?]?, into buffer: inout ByteBuffer) {
        guard let positions else {
            buffer.writeStaticString("null")
            return
        }
        buffer.writeJSONList(positions) { buffer, candidates in
            guard let candidates else {
                buffer.writeStaticString("null")
                return
            }
            writeMembers(candidates, key: \.id, into: &buffer) { buffer, item in
                buffer.writeStaticString("\"")
                buffer.writeJSONInteger(item.id)
                buffer.writeStaticString(#"":{"logprob":"#)
                buffer.writeJSONLogprob(item.logprob)
                buffer.writeStaticString(#","rank":"#)
                if let rank = item.rank {
                    buffer.writeJSONInteger(rank)
                } else {
                    buffer.writeStaticString("null")
                }
                buffer.writeStaticString(#","decoded_token":"#)
                buffer.writeJSONString(repairing: item.text)
                buffer.writeStaticString("}")
            }
        }
    }

    // MARK: Pieces

    /// Writes `{"token":…,"logprob":…,"bytes":…`, left open.
    private func writeEntry(
        _ id: Int32,
        _ text: [UInt8],
        _ logprob: Float,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString(#"{"token":"#)
        writeText(id, text, into: &buffer)
        buffer.writeStaticString(#","logprob":"#)
        buffer.writeJSONLogprob(logprob)
        buffer.writeStaticString(#","bytes":"#)
        // The token's true bytes, so that a client can join what the text had to replace.
        buffer.writeJSONIntegers(text)
    }

    private func writeTop(_ top: [TokenCandidate]?, into buffer: inout ByteBuffer) {
        guard let top else {
            buffer.writeStaticString("null")
            return
        }
        func write(_ buffer: inout ByteBuffer, _ item: TokenCandidate) {
            writeText(item.id, item.text, into: &buffer)
            buffer.writeStaticString(":")
            buffer.writeJSONLogprob(item.logprob)
        }
        if tokensAsTokenIDs {
            writeMembers(top, key: \.id, into: &buffer, write)
        } else {
            writeMembers(top, key: { Self.key($0.text) }, into: &buffer, write)
        }
    }

    /// The bytes of a token's text as it is shown: broken characters all look alike.
    private static func key(_ text: [UInt8]) -> [UInt8] {
        Array(String(decoding: text, as: UTF8.self).utf8)
    }

    /// An object with one member per candidate; of candidates with one key the likeliest, which
    /// comes first, is kept, since an object's keys must differ.
    private func writeMembers<Key: Hashable>(
        _ candidates: [TokenCandidate],
        key: (TokenCandidate) -> Key,
        into buffer: inout ByteBuffer,
        _ write: (inout ByteBuffer, TokenCandidate) -> Void
    ) {
        var keys = Set<Key>(minimumCapacity: candidates.count)
        buffer.writeStaticString("{")
        for item in candidates where keys.insert(key(item)).inserted {
            if keys.count > 1 { buffer.writeStaticString(",") }
            write(&buffer, item)
        }
        buffer.writeStaticString("}")
    }

    private func writeText(_ id: Int32, _ text: [UInt8], into buffer: inout ByteBuffer) {
        if tokensAsTokenIDs {
            buffer.writeStaticString(#""token_id:"#)
            buffer.writeJSONInteger(id)
            buffer.writeStaticString("\"")
        } else {
            buffer.writeJSONString(repairing: text)
        }
    }

    private func scalarCount(_ token: TokenLogprob) -> Int {
        String(decoding: token.text, as: UTF8.self).unicodeScalars.count
    }
}
