import QuireOpenAI

/// One piece of a choice's answer, as one engine step made it.
struct AnswerPiece {
    var choice: Int
    /// Whole characters, possibly none.
    var text: [UInt8] = []
    var logprobs: [TokenLogprob]?
    var tokenIDs: [Int32]?
    /// Set in the choice's last piece.
    var finish: Finish?
    /// Tokens that this choice has generated so far.
    var completionTokens = 0
}

/// Turns pieces into the bytes of one HTTP response; loop-confined.
///
/// A stream sends each piece as it comes, a whole answer accumulates them: everything before this
/// point is one path for both.
protocol AnswerWriter: AnyObject {
    /// Log probabilities of a choice's prompt, in order from its second token; before its pieces.
    func promptLogprobs(_ logprobs: [TokenLogprob], choice: Int)

    /// Takes the next piece; its buffers may be reused once this returns.
    func write(_ piece: AnswerPiece)

    /// All choices have finished.
    func end(_ usage: Usage)

    /// The request failed; nothing follows.
    func fail(_ error: OpenAIError)

    /// Sends what was written since the last call, in one go.
    func flush()
}
