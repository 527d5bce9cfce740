package import NIOCore
import QuireJSON
package import QuireOpenAI

/// The last bytes of a whole answer that is passed on as it comes, to read the usage from its end.
///
/// Engines write `usage` behind the choices, so the answer itself is neither kept nor parsed: an
/// unescaped `"usage"` before a colon cannot lie within a string. Holds at most 4 KB; an answer
/// with more than that behind its usage has none here.
package struct AnswerTail: Sendable {
    package static let bytesMax = 4096

    private var tail: [UInt8] = []

    package init() {}

    /// Takes the next part of the body.
    package mutating func append(_ bytes: ByteBuffer) {
        let all = bytes.readableBytesUInt8Span
        let new = all.extracting(max(0, all.count - Self.bytesMax)...)
        let excess = tail.count + new.count - Self.bytesMax
        if excess > 0 { tail.removeFirst(min(excess, tail.count)) }
        unsafe new.withUnsafeBufferPointer { unsafe tail.append(contentsOf: $0) }
    }

    /// The usage; looked for once, when the body has ended.
    package func usage() -> Usage? {
        let bytes = tail.span
        let name: [7 of UInt8] = [0x22, 0x75, 0x73, 0x61, 0x67, 0x65, 0x22]  // "usage"
        var start = bytes.count - name.count
        while start >= 0 {
            if bytes[start] == name[0], name.indices.allSatisfy({ bytes[start + $0] == name[$0] }),
                let usage = Self.usage(in: bytes.extracting((start + name.count)...))
            {
                return usage
            }
            start -= 1
        }
        return nil
    }

    private static func usage(in rest: Span<UInt8>) -> Usage? {
        var start = 0
        while start < rest.count, rest[start] != UInt8(ascii: ":") {
            guard rest[start] == 0x20 || (rest[start] >= 0x09 && rest[start] <= 0x0D) else {
                return nil
            }
            start += 1
        }
        guard start < rest.count else { return nil }
        var cursor = JSONCursor(rest.extracting((start + 1)...))
        do throws(JSONError) {
            guard let found = try ChunkScan.readUsage(&cursor) else { return nil }
            guard let prompt = found.promptTokens?.value else { return nil }
            // Embeddings have no completion.
            return Usage(
                promptTokens: prompt,
                completionTokens: found.completionTokens?.value ?? 0,
                cachedTokens: found.cachedTokens
            )
        } catch {
            return nil
        }
    }
}
