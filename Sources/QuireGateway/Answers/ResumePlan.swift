package import NIOCore
import QuireOpenAI

/// How a stream that its upstream cut goes on elsewhere: prefix continuation.
///
/// The other instance gets the client's own body with the text so far as the beginning of the
/// answer: a last assistant message with `continue_final_message`, or a longer prompt. Everything
/// else (seed, temperature, stop strings, unknown members) is the client's bytes, but that token
/// limits shrink by what was delivered.
///
/// **The seam.** The text so far is what whole events held that the client already has; half an
/// event is dropped, so nothing is doubled and nothing is missing by framing. Half a character at
/// its end (bytes without their rest, or what an engine shows for them, U+FFFD) is left out, and
/// comes whole with the continuation. The other instance makes tokens of that text anew, and they
/// need not be those that were sampled, above all where the cut lies within a word. So where the
/// answer is repeatable (greedy, or with a seed) the last word is not given but asked for again, and
/// taken off the continuation; should it come out otherwise, the text is continued as it stands.
/// At temperature 0 the client's text so equals the uncut answer wherever the words before have the
/// tokens that the tokenizer gives them, which is nearly everywhere, because a model rarely writes
/// what its tokenizer would not. A seed fixes the
/// continuation only as far as the engine draws by position. Presence and frequency penalties count
/// from the seam.
package enum ResumePlan: Sendable {
    /// Send this body, in pieces, and let ``StreamRelay/beginContinuation(_:)`` take the answer.
    case request(body: [ByteBuffer], Continuation)
    /// The text is whole, by its finish or by the client's limit; only these events were missing. A
    /// usage that the cut took is not among them.
    case complete(events: ByteBuffer)
    case impossible(ResumeObstacles)
}

extension ResumePlan {
    /// Plans the continuation of a cut stream.
    ///
    /// - Parameters:
    ///   - body: The client's body, as it was scanned.
    ///   - scan: Its scan.
    ///   - edits: What is edited for any upstream (model, usage).
    ///   - answer: What the stream said so far, over all its instances.
    ///   - wantsUsage: Whether the client asked for the usage chunk.
    ///   - options: What is known of the other instances.
    /// - Returns: The request to send, the end that is missing, or why there is no continuation.
    package static func make(
        body: ByteBuffer,
        scan: RoutingScan,
        edits: BodyEdits,
        answer: AnswerReader,
        wantsUsage: Bool,
        options: ResumeOptions = ResumeOptions()
    ) -> ResumePlan {
        if answer.isWhole(scan) {
            return .complete(events: ByteBuffer(staticString: "data: [DONE]\n\n"))
        }
        let delivered = answer.deliveredTokens
        guard delivered > 0 else {
            // Nothing but a role, if that: the request as it was. Choices cannot be told apart by
            // one role chunk, and a role may have come for some of them only.
            let obstacles = answer.obstacles.union(
                scan.obstacles.intersection([.severalChoices, .promptList, .notStreamed])
            )
            guard obstacles.subtracting(.textNotKept).isEmpty else {
                return .impossible(obstacles)
            }
            return .request(body: edits.slices(of: body), Continuation(after: answer, text: []))
        }
        let obstacles = scan.obstacles.union(answer.obstacles)
        guard obstacles.isEmpty else { return .impossible(obstacles) }
        guard let text = Self.wholeCharacters(answer.choices.first?.text ?? []) else {
            return .impossible(.unreadable)
        }
        if let limit = scan.maxTokens, delivered >= limit {
            return .complete(events: Self.lastEvents(scan, answer, wantsUsage: wantsUsage))
        }
        if scan.isRepeatable, options.repeatsLastWord,
            let plan = repeatingLastWord(of: text, body, scan, edits, answer, options)
        {
            return plan
        }
        var edits = edits
        edits.reduceTokenLimits(by: delivered, scan, options)
        edits.continueText(text, scan.layout)
        let seam =
            options.templateTrims && scan.layout.messagesEnd != nil
            ? Array(text.reversed().prefix { Self.isWhitespace($0) }.reversed()) : []
        let continuation = Continuation(after: answer, text: seam)
        return .request(body: edits.slices(of: body), continuation)
    }

    /// Bytes of a last word that are asked for again at the most; scripts without spaces have none.
    private static let lastWordBytesMax = 128

    /// The continuation from before the last word; `nil` where there is nothing to gain.
    private static func repeatingLastWord(
        of text: [UInt8],
        _ body: ByteBuffer,
        _ scan: RoutingScan,
        _ edits: BodyEdits,
        _ answer: AnswerReader,
        _ options: ResumeOptions
    ) -> ResumePlan? {
        guard let choice = answer.choices.first else { return nil }
        let word = choice.lastWord
        let tokens = choice.contentChunkCount - word.tokens
        let before = answer.completionTokens - tokens
        guard word.bytes < text.count, text.count - word.bytes <= lastWordBytesMax, before >= 0
        else { return nil }
        let seam = Array(text[word.bytes...])
        let continuation = Continuation(after: answer, again: seam, deliveredTokens: before)
        guard before > 0, word.bytes > 0 else {
            return .request(body: edits.slices(of: body), continuation)
        }
        var edits = edits
        edits.reduceTokenLimits(by: before, scan, options)
        edits.continueText(Array(text[..<word.bytes]), scan.layout)
        return .request(body: edits.slices(of: body), continuation)
    }

    /// The text without half a character at its end; `nil` if it is broken elsewhere.
    static func wholeCharacters(_ text: [UInt8]) -> [UInt8]? {
        var text = text
        // What an engine shows for bytes without their rest, up to three of them.
        let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
        for _ in 0..<3 where text.suffix(3) == replacement[...] { text.removeLast(3) }
        for dropped in 0...3 where dropped <= text.count {
            do throws(UTF8.ValidationError) {
                let whole = text.count - dropped
                _ = try UTF8Span(validating: text.span.extracting(0..<whole))
                guard dropped == 0 || Self.isOpen(text[whole...]) else { return nil }
                return Array(text[..<whole])
            } catch {
                continue
            }
        }
        return nil
    }

    /// Whether bytes begin a character and lack its end.
    private static func isOpen(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let lead = bytes.first, bytes.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 }) else {
            return false
        }
        return switch lead {
        case 0xC2...0xDF: bytes.count < 2
        case 0xE0...0xEF: bytes.count < 3
        case 0xF0...0xF4: bytes.count < 4
        default: false
        }
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    static func jsonText(_ text: [UInt8], quoted: Bool) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSONString(text.span)
        guard !quoted else { return buffer }
        return buffer.getSlice(at: buffer.readerIndex + 1, length: buffer.readableBytes - 2)
            ?? ByteBuffer()
    }

    /// The end that the cut took: the finish, the usage if it is known and wanted, `[DONE]`.
    private static func lastEvents(
        _ scan: RoutingScan,
        _ answer: AnswerReader,
        wantsUsage: Bool
    ) -> ByteBuffer {
        let isChat = scan.layout.messagesEnd != nil
        var events = ByteBuffer()
        answer.writeChunkHead(isChat: isChat, into: &events)
        events.writeStaticString(
            isChat
                ? #"{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]}"#
                : #"{"index":0,"text":"","logprobs":null,"finish_reason":"length"}]}"#
        )
        events.writeStaticString("\n\n")
        if wantsUsage, let usage = answer.usage {
            answer.writeChunkHead(isChat: isChat, into: &events)
            events.writeStaticString(#"],"usage":{"prompt_tokens":"#)
            events.writeJSONInteger(usage.promptTokens)
            events.writeStaticString(#","total_tokens":"#)
            events.writeJSONInteger(usage.totalTokens)
            events.writeStaticString(#","completion_tokens":"#)
            events.writeJSONInteger(usage.completionTokens)
            events.writeStaticString("}}\n\n")
        }
        StreamEncoder.writeDone(into: &events)
        return events
    }
}

extension AnswerReader {
    /// Whether every choice that was asked for has ended, so that only the stream's own end is
    /// missing.
    fileprivate func isWhole(_ scan: RoutingScan) -> Bool {
        !isDone && isComplete && obstacles.isDisjoint(with: [.errorEvent, .unreadable])
            && choices.count >= scan.choiceCount && !scan.obstacles.contains(.promptList)
    }

    /// Writes `data: {…,"choices":[` with the values of the first chunk.
    fileprivate func writeChunkHead(isChat: Bool, into events: inout ByteBuffer) {
        events.writeStaticString("data: {")
        if let id = head?.id {
            events.writeStaticString(#""id":"#)
            events.writeImmutableBuffer(id)
            events.writeStaticString(",")
        }
        events.writeStaticString(
            isChat ? #""object":"chat.completion.chunk","# : #""object":"text_completion","#
        )
        if let created = head?.created {
            events.writeStaticString(#""created":"#)
            events.writeImmutableBuffer(created)
            events.writeStaticString(",")
        }
        if let model = head?.model {
            events.writeStaticString(#""model":"#)
            events.writeImmutableBuffer(model)
            events.writeStaticString(",")
        }
        events.writeStaticString(#""choices":["#)
    }
}

extension BodyEdits {
    /// Takes what was delivered off the limits.
    fileprivate mutating func reduceTokenLimits(
        by delivered: Int,
        _ scan: RoutingScan,
        _ options: ResumeOptions
    ) {
        let layout = scan.layout
        for limit in [layout.maxTokens, layout.maxCompletionTokens] {
            // What is below the smaller limit is below the other.
            if let limit { replace(limit.range, with: limit.value - delivered) }
        }
        if let limit = layout.minTokens {
            replace(limit.range, with: max(0, limit.value - delivered))
        }
        if layout.messagesEnd == nil, scan.maxTokens == nil,
            let standard = options.completionTokensDefault, standard > delivered
        {
            var member = ByteBuffer(staticString: #""max_tokens":"#)
            member.writeJSONInteger(standard - delivered)
            member.writeStaticString(",")
            insert(member, at: layout.interior)
        }
    }

    /// Puts the text where the engine goes on from.
    fileprivate mutating func continueText(_ text: [UInt8], _ layout: BodyLayout) {
        if layout.messagesEnd != nil {
            continueMessage(text, layout)
        } else if let end = layout.promptEnd {
            insert(ResumePlan.jsonText(text, quoted: false), at: end)
        }
    }

    /// Adds the text as an assistant's message to be continued.
    fileprivate mutating func continueMessage(_ text: [UInt8], _ layout: BodyLayout) {
        guard let end = layout.messagesEnd else { return }
        var message = ByteBuffer(staticString: #",{"role":"assistant","content":"#)
        message.writeImmutableBuffer(ResumePlan.jsonText(text, quoted: true))
        message.writeStaticString("}")
        insert(message, at: end)
        if let range = layout.addGenerationPrompt {
            replace(range, with: "false")
        } else {
            insert(#""add_generation_prompt":false,"#, at: layout.interior)
        }
        if let range = layout.continueFinalMessage {
            replace(range, with: "true")
        } else {
            insert(#""continue_final_message":true,"#, at: layout.interior)
        }
    }
}
