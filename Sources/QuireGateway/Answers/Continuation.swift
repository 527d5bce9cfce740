import NIOCore
import QuireOpenAI

/// Makes the chunks of another instance's continuation look like those of the answer that it
/// continues.
///
/// The values of the first chunk (id, created, model, fingerprint) take the place of the new ones,
/// the second role goes, and usage is corrected: the completion is what was delivered before and
/// what was written now; the prompt is the original's if it was told, else the new prompt less what
/// was delivered, since that is what it grew by. All else stays byte for byte.
package struct Continuation: Sendable, Hashable {
    /// What to do with one event.
    enum Verdict {
        case keep
        case drop
        /// What was to come again came out otherwise.
        case diverged
        /// Edits over the event's data.
        case edit(BodyEdits)
    }

    private let head: AnswerReader.Head?
    private let hadRole: Bool
    private let repeatsRole: Bool
    private let deliveredTokens: Int
    private let promptTokens: Int?
    /// Text that the continuation will repeat.
    private var seam: [UInt8]
    /// Whether it must repeat it: a last word, and not white space that a template may drop.
    let repeatsLastWord: Bool

    init(after answer: AnswerReader, text seam: [UInt8]) {
        self.head = answer.head
        self.hadRole = answer.choices.first?.hasRole ?? false
        self.repeatsRole = answer.repeatsRole
        self.deliveredTokens = answer.completionTokens
        self.promptTokens = answer.usage?.promptTokens
        self.seam = seam
        repeatsLastWord = false
    }

    /// A continuation whose beginning the client has: the last word, after so many tokens.
    init(after answer: AnswerReader, again seam: [UInt8], deliveredTokens: Int) {
        self.head = answer.head
        self.hadRole = answer.choices.first?.hasRole ?? false
        self.repeatsRole = answer.repeatsRole
        self.deliveredTokens = deliveredTokens
        self.promptTokens = answer.usage?.promptTokens
        self.seam = seam
        repeatsLastWord = true
    }

    /// Judges a chunk, and corrects the numbers of its scan for who reads it next.
    mutating func rewrite(_ scan: inout ChunkScan, _ cursor: borrowing JSONCursor) -> Verdict {
        var edits = BodyEdits()
        if let choice = scan.first {
            // Nothing else in the chunk that the client would miss.
            let isAlone = choice.finishReason == nil && scan.others.isEmpty
            if hadRole, !repeatsRole, choice.hasRole, let member = choice.roleMember {
                if !choice.isContent, isAlone { return .drop }
                edits.replace(member, with: "")
            }
            if repeatsLastWord, !seam.isEmpty, isOther(choice, cursor) { return .diverged }
            if !seam.isEmpty, let text = choice.text, choice.hasText {
                let isEmptied = takeSeam(from: text, cursor, &scan, &edits)
                if isEmptied, isAlone { return .drop }
            }
        }
        replace(scan.id, head?.id, &edits)
        replace(scan.created, head?.created, &edits)
        replace(scan.model, head?.model, &edits)
        replace(scan.fingerprint, head?.fingerprint, &edits)
        correctUsage(of: &scan, &edits)
        return edits.isEmpty ? .keep : .edit(edits)
    }

    /// Whether a choice's text is not the one that must come again, or ends before it.
    private func isOther(_ choice: ChunkScan.Choice, _ cursor: borrowing JSONCursor) -> Bool {
        let content = choice.text.map { cursor.unescaped($0) } ?? []
        let length = min(content.count, seam.count)
        if content[..<length] != seam[..<length] { return true }
        return choice.finishReason != nil && content.count < seam.count
    }

    private func replace(_ range: Range<Int>?, _ value: ByteBuffer?, _ edits: inout BodyEdits) {
        if let range, let value { edits.replace(range, with: value) }
    }

    private func correctUsage(of scan: inout ChunkScan, _ edits: inout BodyEdits) {
        guard deliveredTokens > 0, var usage = scan.usage,
            let prompt = usage.promptTokens, let completion = usage.completionTokens
        else { return }
        let newPrompt = promptTokens ?? max(0, prompt.value - deliveredTokens)
        let newCompletion = completion.value + deliveredTokens
        edits.replace(prompt.range, with: newPrompt)
        edits.replace(completion.range, with: newCompletion)
        if let total = usage.totalTokens {
            edits.replace(total.range, with: newPrompt + newCompletion)
        }
        usage.promptTokens?.value = newPrompt
        usage.completionTokens?.value = newCompletion
        scan.usage = usage
    }

    /// Takes repeated white space off a text; `true` if nothing is left of it.
    private mutating func takeSeam(
        from text: JSONCursor.Text,
        _ cursor: borrowing JSONCursor,
        _ scan: inout ChunkScan,
        _ edits: inout BodyEdits
    ) -> Bool {
        let content = cursor.unescaped(text)
        var count = 0
        while count < content.count, count < seam.count, content[count] == seam[count] {
            count += 1
        }
        let isEmptied = count == content.count
        // White space other than expected, or the text itself: the seam is behind.
        seam = isEmptied ? Array(seam[count...]) : []
        guard count > 0 else { return false }
        let rest = Array(content[count...])
        edits.replace(text.value, with: ResumePlan.jsonText(rest, quoted: true))
        scan.first?.text = cursor.suffix(of: text, afterCharacters: count)
        return isEmptied
    }
}
