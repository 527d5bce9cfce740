import NIOCore
import QuireJSON
package import QuireOpenAI

/// What an answer said so far: read event by event, for accounts and for resuming.
///
/// A value on the connection's event loop. Fed with whole events; a plain chunk costs one pass over
/// its data and, where text is kept, the append of its delta. Everything that a stream can grow is
/// bounded: beyond `choiceCountMax` choices or `textBytesMax` bytes the counting goes on, and
/// ``obstacles`` says that the text is not whole.
package struct AnswerReader: Sendable, Hashable {
    /// What one event was.
    package enum Chunk: Sendable, Hashable {
        /// No data: a comment or a name alone.
        case empty
        case done
        /// A piece of text, of reasoning or of a tool call.
        case content
        /// The usage alone (`choices` is empty): nothing for a client that did not ask for it.
        case usageOnly
        /// The upstream says that it failed.
        case error
        /// A role, an end of a choice, or anything else that is JSON.
        case other
        case unreadable
    }

    /// One choice so far.
    package struct Choice: Sendable, Hashable {
        /// The deltas' text, escapes resolved; empty if text is not kept.
        package internal(set) var text: [UInt8] = []
        package internal(set) var finishReason: String?
        /// Chunks that carried something: the number of tokens for engines that send each alone.
        package internal(set) var contentChunkCount = 0
        package internal(set) var hasRole = false
        /// Where the last word begins, with the white space before it: bytes of the text before it,
        /// and tokens.
        var lastWord = (bytes: 0, tokens: 0)
        /// Tokens that the client has, also while the last word is written again.
        var deliveredTokens = 0

        package static func == (a: Choice, b: Choice) -> Bool {
            a.text == b.text && a.finishReason == b.finishReason
                && a.contentChunkCount == b.contentChunkCount && a.hasRole == b.hasRole
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(text)
            hasher.combine(contentChunkCount)
        }
    }

    /// Values of the first chunk as they are written there, quotes included.
    struct Head: Sendable, Hashable {
        var id: ByteBuffer?
        var created: ByteBuffer?
        var model: ByteBuffer?
        var fingerprint: ByteBuffer?
    }

    package static let choiceCountMax = 128

    /// By index; empty before the first chunk.
    package private(set) var choices: [Choice] = []
    /// The last usage that the stream gave.
    package private(set) var usage: Usage?
    package private(set) var isDone = false
    /// What in the answer forbids to continue it elsewhere, should it be cut now.
    package private(set) var obstacles: ResumeObstacles = []
    private(set) var head: Head?
    /// Whether the role came in chunks that carried text too, as some engines send it.
    private(set) var repeatsRole = false
    private let keepsText: Bool
    private let textBytesMax: Int
    private var textBytes = 0
    private var pattern = ChunkPattern()

    /// - Parameters:
    ///   - keepsText: Whether the text is kept, which resuming needs.
    ///   - textBytesMax: The most text that is kept.
    package init(keepsText: Bool, textBytesMax: Int = 4 << 20) {
        self.keepsText = keepsText
        self.textBytesMax = textBytesMax
    }

    /// Whether the answer is whole: `[DONE]`, or an end of every choice that began.
    package var isComplete: Bool {
        isDone || !choices.isEmpty && choices.allSatisfy { $0.finishReason != nil }
    }

    /// Whether the upstream itself said, in an event, that it failed.
    package var hasErrorEvent: Bool { obstacles.contains(.errorEvent) }

    /// Tokens written: as the upstream counted, else one per chunk that carried something.
    package var completionTokens: Int {
        usage?.completionTokens ?? choices.reduce(0) { $0 + $1.contentChunkCount }
    }

    /// Tokens that the client has of an answer of one choice.
    var deliveredTokens: Int { max(completionTokens, choices.first?.deliveredTokens ?? 0) }

    /// The id of the answer; `nil` before the first chunk.
    package var id: String? {
        guard let value = head?.id else { return nil }
        do { return try JSON(parsing: value.readableBytesUInt8Span).string } catch { return nil }
    }

    // MARK: Reading

    /// Reads an event.
    package mutating func read(_ event: ServerEvent) -> Chunk {
        guard let data = event.data else { return .empty }
        return read(data: data.readableBytesUInt8Span)
    }

    /// Reads an event's data.
    package mutating func read(data: Span<UInt8>) -> Chunk {
        if Self.isDone(data) { return readDone() }
        if let chunk = readAlike(data) { return chunk }
        var cursor = JSONCursor(data)
        do throws(JSONError) {
            let scan = try ChunkScan(&cursor)
            pattern.learn(scan, data)
            return read(scan, cursor, data)
        } catch {
            return readUnreadable()
        }
    }

    /// Reads data that differs from the last plain chunk in its text only; `nil`: it does not.
    private mutating func readAlike(_ data: Span<UInt8>) -> Chunk? {
        guard let range = pattern.quotedText(in: data), !choices.isEmpty else { return nil }
        var cursor = JSONCursor(data.extracting(range))
        do throws(JSONError) {
            let text = try cursor.readText()
            guard text.end == range.count - 1 else { return nil }
            choices[0].contentChunkCount += 1
            guard text.end > text.start else { return .other }
            keep(text, of: 0, cursor)
            return .content
        } catch {
            // The parse of the whole says what is wrong.
            return nil
        }
    }

    static func isDone(_ data: Span<UInt8>) -> Bool {
        data.count == 6 && data[0] == UInt8(ascii: "[") && data[1] == UInt8(ascii: "D")
            && data[2] == UInt8(ascii: "O") && data[3] == UInt8(ascii: "N")
            && data[4] == UInt8(ascii: "E") && data[5] == UInt8(ascii: "]")
    }

    mutating func readDone() -> Chunk {
        isDone = true
        return .done
    }

    /// Some of the answer could not be read.
    mutating func readUnreadable() -> Chunk {
        obstacles.formUnion(.unreadable)
        return .unreadable
    }

    mutating func read(
        _ scan: ChunkScan,
        _ cursor: borrowing JSONCursor,
        _ data: Span<UInt8>
    ) -> Chunk {
        if scan.hasError {
            obstacles.formUnion(.errorEvent)
            return .error
        }
        if head == nil { head = Self.head(scan, data) }
        if let usage = scan.usage { read(usage) }
        guard let first = scan.first else {
            return scan.hasChoices && scan.usage != nil ? .usageOnly : .other
        }
        read(first, cursor)
        var isContent = first.isContent
        for choice in scan.others {
            read(choice, cursor)
            isContent = isContent || choice.isContent
        }
        return isContent ? .content : .other
    }

    /// Takes a usage, also one that was corrected.
    mutating func read(_ scan: ChunkScan.Usage) {
        guard let prompt = scan.promptTokens?.value, let completion = scan.completionTokens?.value
        else { return }
        usage = Usage(
            promptTokens: prompt,
            completionTokens: completion,
            cachedTokens: scan.cachedTokens
        )
    }

    private mutating func read(_ choice: ChunkScan.Choice, _ cursor: borrowing JSONCursor) {
        guard choice.index >= 0, choice.index < Self.choiceCountMax else {
            obstacles.formUnion(.severalChoices)
            return
        }
        if choice.index > 0 { obstacles.formUnion(.severalChoices) }
        while choices.count <= choice.index { choices.append(Choice()) }
        if choice.hasRole {
            choices[choice.index].hasRole = true
            if choice.hasText { repeatsRole = true }
        }
        if choice.hasReasoning { obstacles.formUnion(.reasoning) }
        if choice.hasOtherContent { obstacles.formUnion(.otherContent) }
        if let text = choice.text, choice.hasText, cursor.beginsWord(text) {
            choices[choice.index].lastWord = (
                choices[choice.index].text.count, choices[choice.index].contentChunkCount
            )
        }
        if choice.isToken { choices[choice.index].contentChunkCount += 1 }
        if let text = choice.text, choice.hasText { keep(text, of: choice.index, cursor) }
        if let reason = choice.finishReason {
            choices[choice.index].finishReason = cursor.string(reason) ?? ""
            obstacles.formUnion(.finished)
        }
    }

    /// The tokens of the last word will come again.
    mutating func expectLastWordAgain() {
        guard !choices.isEmpty else { return }
        choices[0].deliveredTokens = deliveredTokens
        choices[0].contentChunkCount = choices[0].lastWord.tokens
    }

    private mutating func keep(
        _ text: JSONCursor.Text,
        of index: Int,
        _ cursor: borrowing JSONCursor
    ) {
        guard keepsText, textBytes + text.end - text.start <= textBytesMax else {
            obstacles.formUnion(.textNotKept)
            return
        }
        textBytes += text.end - text.start
        cursor.appendUnescaped(text, to: &choices[index].text)
    }

    private static func head(_ scan: ChunkScan, _ data: Span<UInt8>) -> Head {
        func copy(_ range: Range<Int>?) -> ByteBuffer? {
            range.map { ByteBuffer(bytes: Array(copying: data.extracting($0))) }
        }
        return Head(
            id: copy(scan.id),
            created: copy(scan.created),
            model: copy(scan.model),
            fingerprint: copy(scan.fingerprint)
        )
    }
}

extension Array where Element == UInt8 {
    init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
